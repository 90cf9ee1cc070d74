#!/usr/bin/env bash
# Makes the pictures anew, from the real program: builds cctui, drives it in tmux by keys against the
# sandbox, as a user does, and draws what the screen then shows. Needs Go and tmux, and two minutes.
set -euo pipefail
cd "$(dirname "$0")"

work=$(mktemp -d)
screen() { tmux -L "cctui-pictures-$$" -f /dev/null "$@"; }
trap 'screen kill-server 2>/dev/null || true; rm -rf "$work"' EXIT

# start NAME FLAG... runs cctui on a screen of its own, of 100 columns. It gets nothing of the user's
# environment: neither settings nor names may come from there.
start() {
	screen new-session -d -s "$1" -x 100 -y 30 \
		env -i PATH="$PATH" HOME="$work" XDG_STATE_HOME="$work" LANG=C.UTF-8 TERM=xterm-256color COLORTERM=truecolor \
		"$work/bin/cctui" "${@:2}"
}

# see PATTERN waits until a line of the screen matches it.
see() {
	for ((tries = 0; tries < 1200; tries++)); do
		if screen capture-pane -p | grep -e "$1" >/dev/null; then return; fi
		sleep 0.1
	done
	printf 'The screen does not come to show "%s":\n' "$1" >&2
	screen capture-pane -p >&2
	exit 1
}

press() { screen send-keys "$@"; }
type_in() { screen send-keys -l -- "$1"; }
picture() { screen capture-pane -e -p | "$work/bin/render" >"$1.svg"; }

go build -o "$work/bin/" ../../cmd/cctui ./render

start walkthrough --cluster cctui-tour
see 'go · esc leave'
picture start
press Enter
see 'az login' # the steps are there before the place is open
press a
see 'making node pool'
picture running
see 'only the attested pod could read the message'
picture message

screen resize-window -x 120
press p
see 'key released ✓'
press m
see 'enter send'
type_in 'Hello from the stage'
press Enter
see '✗ no key   ◆ sent from here'
picture present
press t
see 'Change one byte'
press 2
see 'Refused, as it must be'
see 'key refused ✗'
see '✗ no key.*✗ no key'
picture refused
press u
see 'Everything is as it was'

press p
screen resize-window -x 100
press c
see 'remove everything'
press Enter
see "Type the cluster's name"
type_in 'cctui-tour'
press Enter
see 'Everything is gone'
picture cleanup
press q

start failure --sandbox --sandbox-fault quota-zero
see 'az login'
press a
see 'r retry'
press 7 # and back: that takes away the notice, which has the log file's path
see 'Removes what this run made'
press 1
see 'Check that it can be had here'
picture failure
press q

if grep -lF -- "$work" ./*.svg; then
	echo 'These pictures show a path of this machine.' >&2
	exit 1
fi
