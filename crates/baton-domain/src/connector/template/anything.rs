//! A value for trials: whatever is asked of it is there.

use minijinja::value::{Enumerator, Object, ObjectRepr, Value};
use std::fmt;
use std::sync::Arc;

/// What it reads as.
pub(super) const ANYTHING: &str = "x";
/// How many items it has, enough for what stands between two.
const ITEMS: usize = 2;

/// Has every name and two items, each of which is itself; true; reads as [`ANYTHING`].
#[derive(Debug)]
pub(super) struct Anything;

impl Object for Anything {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, _name: &Value) -> Option<Value> {
        Some(Value::from_dyn_object(Arc::clone(self)))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(ITEMS)
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ANYTHING)
    }
}
