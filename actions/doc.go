// Package actions is the walkthrough: what its steps do, in which order, what they leave behind, and
// what is said when one fails. It knows no adapter, no screen and no command line: the outside world
// is behind the interfaces in ports.go, and whoever shows a run listens to its events.
//
// Where to begin reading:
//
//   - steps.go lists the steps, step.go says what a step is. Their code is in the files named for the
//     article's chapters and for what they make: prerequisites.go, cluster.go, keys.go and so on.
//   - walkthrough.go carries steps out, with runner.go and graph.go: what does not depend on each other
//     runs side by side. run.go is what a step works with, undo.go takes everything back.
//   - journal.go and store.go remember a run on disk, before anything is done in the world.
//   - events.go is what listeners are told, result.go how a run ends.
//   - problems.go and its neighbours explain known failures: a table, a row for each. cures.go does
//     what can be done about one.
//   - live.go and its neighbours follow one message through the places where it can be seen, and
//     experiments.go breaks one thing on purpose, so that the key is refused.
package actions
