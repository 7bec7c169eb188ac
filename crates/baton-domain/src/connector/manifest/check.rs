use super::{
    MANIFEST_BYTES_MAX, Manifest, ManifestProblem, POLL_WAITS_MAX, POLL_WINDOW_MS_MAX, PRESETS_MAX,
    Poll, Request, SETTINGS_MAX, Setting, SettingKind, setting_name,
};
use crate::connector::classify::{CompiledRules, Places};
use crate::connector::mapping::check_mapping;
use crate::connector::pattern::{ANSWER, AUTH_TOKEN, Pattern, SETTINGS};
use crate::connector::rules::ResponseRule;
use crate::connector::settings;
use crate::connector::transform::Transforms;
use std::collections::BTreeSet;

/// Words a request's `body` can be, besides a setting.
const BODIES: [&str; 6] = ["json", "form", "xml", "query", "template", "none"];

pub(super) fn read(file: &str, text: &str) -> Result<Manifest, Vec<ManifestProblem>> {
    let mut reader = Reader { file, text, problems: Vec::new() };
    if text.len() > MANIFEST_BYTES_MAX {
        reader.problem("", format!("larger than {MANIFEST_BYTES_MAX} bytes"));
        return Err(reader.problems);
    }
    let manifest = match toml::from_str::<Manifest>(text) {
        Ok(manifest) => manifest,
        Err(error) => {
            let line = error.span().map(|span| line_at(text, span.start));
            let message = error.message().trim().to_owned();
            return Err(vec![ManifestProblem { file: file.to_owned(), line, message }]);
        }
    };
    reader.check(&manifest);
    if reader.problems.is_empty() { Ok(manifest) } else { Err(reader.problems) }
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    problems: Vec<ManifestProblem>,
}

/// Which placeholders a request may hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum May {
    /// All.
    NameAll,
    /// Settings only: it is made for no lead in particular.
    NameSettings,
}

impl Reader<'_> {
    /// Records a problem on the first line that holds `near`.
    fn problem(&mut self, near: &str, message: String) {
        let at = if near.is_empty() { None } else { self.text.find(near) };
        let line = at.map(|at| line_at(self.text, at));
        self.problems.push(ManifestProblem { file: self.file.to_owned(), line, message });
    }

    /// Records a problem on the line of the `n`th table of that name.
    fn table_problem(&mut self, table: &str, n: usize, message: String) {
        let header = |(_, line): &(usize, &str)| {
            let line = line.trim_start();
            line.strip_prefix(table).is_some_and(|rest| {
                rest.trim_start().is_empty() || rest.trim_start().starts_with('#')
            })
        };
        let line = self.text.lines().enumerate().filter(header).nth(n).map(|(at, _)| at + 1);
        self.problems.push(ManifestProblem { file: self.file.to_owned(), line, message });
    }

    fn check(&mut self, manifest: &Manifest) {
        if !is_word('-', &manifest.name) {
            let message = "`name` has a-z, digits and - only, at most 64".to_owned();
            self.problem("name", message);
        }
        if manifest.settings.len() > SETTINGS_MAX {
            self.problem("[[settings]]", format!("more than {SETTINGS_MAX} settings"));
        }
        let mut names = BTreeSet::new();
        for setting in &manifest.settings {
            self.check_setting(setting, names.insert(setting.name.as_str()));
        }
        self.check_requests(manifest);
        self.check_names(manifest);
        self.check_rules("[[responses]]", &manifest.responses, &manifest.answer);
        let rows = check_mapping(&manifest.mapping, true);
        for problem in rows {
            self.table_problem("[[mapping]]", problem.row, problem.to_string());
        }
        if let Some(name) = &manifest.test_mode.setting
            && manifest.setting(name).is_none_or(|s| s.kind != SettingKind::Boolean)
        {
            self.problem("[test_mode]", format!("`{name}` is not a setting of type boolean"));
        }
        for text in manifest.test_mode.fields.values().filter_map(|v| v.as_str()) {
            self.check_text(manifest, text, May::NameSettings);
        }
    }

    fn check_setting(&mut self, setting: &Setting, first: bool) {
        let near = format!("\"{}\"", setting.name);
        let mut problem = |what: String| {
            self.problem(&near, format!("setting `{}`: {what}", setting.name));
        };
        if !is_word('_', &setting.name) || !first {
            problem("a-z, digits and _, and once only".to_owned());
        }
        if (setting.kind == SettingKind::Choice) == setting.choices.is_empty() {
            problem("`choices` belong to type choice".to_owned());
        }
        if setting.kind == SettingKind::Secret && setting.default.is_some() {
            problem("a secret has no default".to_owned());
        }
        if let Some(pattern) = &setting.pattern {
            let texts = [SettingKind::Text, SettingKind::Secret, SettingKind::Url];
            if !texts.contains(&setting.kind) {
                problem("`pattern` belongs to type text, secret or url".to_owned());
            }
            match settings::whole_pattern(pattern) {
                Err(why) => problem(format!("its pattern {why}")),
                Ok(regex) if setting.example.as_deref().is_none_or(|e| !regex.is_match(e)) => {
                    problem("a pattern needs an `example` that it matches".to_owned());
                }
                Ok(_) => {}
            }
        }
        if let Some(default) = &setting.default
            && let Err(why) = settings::check_value(setting, default)
        {
            problem(format!("its default {why}"));
        }
    }

    fn check_requests(&mut self, manifest: &Manifest) {
        self.check_request(manifest, &manifest.request, May::NameAll);
        let mut uses_token = uses_token(&manifest.request);
        if let Some(ping) = &manifest.ping {
            self.check_request(manifest, &ping.request, May::NameAll);
            self.check_rules("[[ping.responses]]", &ping.responses, &ping.answer);
            self.check_needs(manifest, "[ping]", ping.needs.as_deref());
            if let Some(post) = &ping.post {
                self.check_request(manifest, post, May::NameAll);
                uses_token |= self::uses_token(post);
            }
        }
        if let Some(update) = &manifest.update {
            self.check_request(manifest, &update.request, May::NameAll);
            self.check_rules("[[update.responses]]", &update.responses, &update.answer);
            self.check_needs(manifest, "[update]", update.needs.as_deref());
        }
        if let Some(poll) = &manifest.poll {
            self.check_request(manifest, &poll.request, May::NameAll);
            self.check_rules("[[poll.responses]]", &poll.responses, &poll.answer);
            self.check_needs(manifest, "[poll]", poll.needs.as_deref());
            self.check_poll(poll);
        }
        if let Some(auth) = &manifest.auth {
            self.check_request(manifest, &auth.request, May::NameSettings);
            let place = [("vendor_id".to_owned(), auth.token.clone())].into();
            self.check_rules("[auth]", &[], &place);
            if let Some(expires_in) = &auth.expires_in {
                let place = [("vendor_id".to_owned(), expires_in.clone())].into();
                self.check_rules("[auth]", &[], &place);
            }
            if crate::connector::classify::statuses(&auth.stale_on).is_none() {
                let message = "`stale_on` is a status: write 401, 4xx or 401-403".to_owned();
                self.problem("stale_on", message);
            }
            if !uses_token {
                let message = "a token is fetched, but [request] does not name {{ auth.token }}";
                self.problem("[auth", message.to_owned());
            }
        } else if uses_token {
            let message = "`auth.token` is named, but there is no [auth] to fetch it".to_owned();
            self.problem(AUTH_TOKEN, message);
        }
    }

    fn check_request(&mut self, manifest: &Manifest, request: &Request, may: May) {
        for text in request.texts() {
            // A template of the manifest's own has the template engine's syntax.
            if request.template.as_ref() == Some(text) && setting_name(text).is_none() {
                continue;
            }
            self.check_text(manifest, text, may);
        }
        if setting_name(&request.body).is_none() && !BODIES.contains(&request.body.as_str()) {
            let message = format!("`body` is one of {}", BODIES.join(", "));
            self.problem(&format!("\"{}\"", request.body), message);
        }
        if let Some(name) = &request.headers_from
            && manifest.setting(name).is_none_or(|s| s.kind != SettingKind::Headers)
        {
            self.problem("headers_from", format!("`{name}` is not a setting of type headers"));
        }
    }

    fn check_text(&mut self, manifest: &Manifest, text: &str, may: May) {
        let pattern = match Pattern::parse(text) {
            Ok(pattern) => pattern,
            Err(message) => return self.problem(text, message),
        };
        for name in pattern.names() {
            match name.strip_prefix(SETTINGS) {
                Some(setting) if manifest.setting(setting).is_none() => {
                    self.problem(text, format!("`{name}` is not one of the settings"));
                }
                None if may == May::NameSettings => {
                    let message = format!("`{name}` cannot stand here; only settings can");
                    self.problem(text, message);
                }
                None if name == ANSWER => {
                    let message = "name a value of the answer, such as answer.vendor_id";
                    self.problem(text, message.to_owned());
                }
                _ => {}
            }
        }
    }

    fn check_names(&mut self, manifest: &Manifest) {
        for (name, words) in &manifest.transforms {
            if let Err(problem) = Transforms::compile(words) {
                let message = format!("`{name}`[{}]: {}", problem.position, problem.message);
                self.problem("[transforms]", message);
            }
        }
        if manifest.presets.len() > PRESETS_MAX {
            self.problem("[presets", format!("more than {PRESETS_MAX} presets"));
        }
        match &manifest.presets_from {
            None if !manifest.presets.is_empty() => {
                let message = "`presets_from` is missing: name the choice setting that chooses one";
                self.problem("[presets", message.to_owned());
            }
            None => {}
            Some(name) => {
                let choices = manifest
                    .setting(name)
                    .filter(|s| s.kind == SettingKind::Choice)
                    .map(|s| s.choices.as_slice());
                let Some(choices) = choices else {
                    let message = format!("`{name}` is not a setting of type choice");
                    return self.problem("presets_from", message);
                };
                for preset in manifest.presets.keys().filter(|p| !choices.contains(p)) {
                    let message = format!("`{preset}` is not one of the choices of `{name}`");
                    self.problem(&format!("[presets.{preset}"), message);
                }
            }
        }
    }

    fn check_rules(&mut self, table: &str, rules: &[ResponseRule], places: &Places) {
        if let Err(problems) = CompiledRules::compile_with(rules, places) {
            for problem in problems {
                if problem.index < rules.len() {
                    self.table_problem(table, problem.index, problem.to_string());
                } else {
                    self.problem(table, format!("{}: {}", problem.field, problem.message));
                }
            }
        }
    }

    fn check_needs(&mut self, manifest: &Manifest, table: &str, needs: Option<&str>) {
        if let Some(name) = needs.filter(|name| manifest.setting(name).is_none()) {
            self.problem(table, format!("`{name}` is not one of the settings"));
        }
    }

    fn check_poll(&mut self, poll: &Poll) {
        if poll.waits.is_empty() || poll.waits.len() > POLL_WAITS_MAX {
            self.problem("[poll]", format!("`waits` has 1 to {POLL_WAITS_MAX} steps"));
        }
        let rising = poll.waits.windows(2).all(|pair| pair[0].until_ms < pair[1].until_ms);
        if !rising || poll.waits.iter().any(|w| w.every_ms < 100 || w.until_ms < w.every_ms) {
            let message = "each step of `waits` ends after the one before and waits 100 ms or more";
            self.problem("[poll]", message.to_owned());
        }
        if !(1..=POLL_WINDOW_MS_MAX).contains(&poll.give_up_ms) {
            self.problem("[poll]", format!("`give_up_ms` is 1 to {POLL_WINDOW_MS_MAX}"));
        }
    }
}

fn uses_token(request: &Request) -> bool {
    request.texts().any(|text| text.contains(AUTH_TOKEN))
}

fn is_word(extra: char, text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == extra)
}

fn line_at(text: &str, offset: usize) -> usize {
    let before = &text.as_bytes()[..offset.min(text.len())];
    before.iter().filter(|b| **b == b'\n').count() + 1
}
