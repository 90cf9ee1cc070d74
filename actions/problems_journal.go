package actions

// journalProblems are failures of what lies on this machine's own disk. Nothing was begun in Azure
// without its being written down first.
var journalProblems = []row{
	{
		id:    "run-locked",
		when:  []match{{text: says(`another cctui .*is at work on this run`)}},
		title: "Another cctui is at work on this run",
		why:   "Two of them at once would make things twice.",
		remedy: []string{
			"Wait until it is done, or stop it with Ctrl+C in its terminal; cctui status tells how far it is.",
			"To carry out another walkthrough meanwhile, set XDG_STATE_HOME to another folder.",
		},
	},
	{
		id:    "journal-newer",
		when:  []match{{is: []error{errNewerJournal}}},
		title: "A newer cctui wrote the journal of this run",
		why:   "What it says could be misunderstood, and something be made twice or left behind.",
		remedy: []string{
			"Go on with the newer cctui.",
		},
	},
	{
		id:    "journal-damaged",
		when:  []match{{text: says(`the journal in .* cannot be used`)}},
		title: "The journal of this run cannot be read",
		why:   "Neither of its two files is whole, so cctui does not know what the run made.",
		remedy: []string{
			"Look for what the run made by its tag, and remove it by hand, or put the files back from a backup.",
			"Then move the folder named below away: cctui begins anew.",
		},
		commands: []string{"az resource list --query \"[?tags.\\\"cctui-run\\\"].id\" --output tsv"},
	},
	{
		id:    "disk-full",
		when:  []match{{text: says(`no space left on device`, `disk quota exceeded`, `not enough space on the disk`)}},
		title: "The disk is full",
		why:   "cctui writes down what it makes before it makes it, and could not.",
		remedy: []string{
			"Make room in the folder named below, or set XDG_STATE_HOME to another one and take the journal along.",
			"Run the same command again: it goes on where it stopped.",
		},
	},
	{
		id:    "state-read-only",
		when:  []match{{text: says(`(?:make the state directory|lock the journal|write the journal): .*(?:read-only file system|permission denied|access is denied|not permitted)`)}},
		title: "The state directory cannot be written to",
		why:   "cctui writes down what it makes before it makes it; without that it begins nothing.",
		remedy: []string{
			"Make the folder named below writable, or set XDG_STATE_HOME to one that is.",
		},
	},
}
