import classes from './EditorSkeleton.module.css';

/** The shape of an editor while its document is loaded for the first time. */
export function EditorSkeleton() {
  return (
    <div className={classes.root} aria-busy="true" aria-label="Loading">
      {[0, 1, 2].map((at) => (
        <div key={at} className={classes.row}>
          <div className={classes.bar} />
          <div className={classes.box} />
        </div>
      ))}
    </div>
  );
}
