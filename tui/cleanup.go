package tui

import "github.com/cctui/cctui/actions"

// cleanup is the screen on which everything is undone, the last thing first.
func cleanup() screen {
	return screen{
		id: actions.ScreenCleanup, title: "Cleanup",
		about: "Removes what this run made and nothing else, in the order opposite to the making, and checks that it is gone.",
	}
}
