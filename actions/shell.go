package actions

import "strings"

// The marks of a shell variable inside a text that is otherwise taken literally: private-use
// characters, which no name and no message holds.
const (
	openVariable  = "\uE000"
	closeVariable = "\uE001"
)

// variable stands for a value that only a run of the commands can know.
func variable(name string) string { return openVariable + name + closeVariable }

// expanded escapes what means something between double quotes and in a here-document, but for variables.
func expanded(text string) string {
	return strings.NewReplacer(
		`\`, `\\`, `$`, `\$`, "`", "\\`",
		openVariable, "${", closeVariable, "}",
	).Replace(text)
}

// heredoc is the command that writes a text to a file.
func heredoc(file, text string) string {
	return "cat > " + sh(file) + " <<EOF\n" + expanded(strings.TrimSuffix(text, "\n")) + "\nEOF"
}

// sh quotes words for a POSIX shell where they need it, and joins them.
func sh(words ...string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = quoteShell(word)
	}
	return strings.Join(quoted, " ")
}

func quoteShell(word string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@%+"
	switch {
	case strings.Contains(word, openVariable):
		return `"` + strings.ReplaceAll(expanded(word), `"`, `\"`) + `"`
	case word != "" && strings.Trim(word, plain) == "":
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// capture is a command whose output becomes a variable.
func capture(name string, words ...string) string {
	return name + "=$(" + sh(words...) + ")"
}
