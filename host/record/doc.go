// Package record keeps a run on disk: the run folder, which is readable at any moment and from which a run that was
// stopped, by whatever, goes on.
//
//	run.toml             the resolved run file
//	plugins.json         versions and hashes of the plugins
//	events.jsonl         what happened when, one JSON object a line, appended to
//	checkpoints/STREAM/  NUMBER.ckpt, the last two snapshots of a stream; block-NUMBER.bin, its draws so far
//	failures/            points and requests that broke something
//	draws.zarr           the draws, in the schema of ArviZ
//	summary.json         the results: Summary
//	lock                 held by the process that writes
//
// A Folder is a run folder open for writing, which one process can have at a time; a View is for everyone else. Apart
// from events.jsonl, which grows by whole lines, every file appears at once, complete and on disk, or not at all. Data
// that a kill could have torn carries a SHA-256, and what is torn is passed over for what was written before it.
//
// A full disk is an *OutOfSpaceError: the folder is as it was before the write, and the run can be resumed once there
// is room.
package record
