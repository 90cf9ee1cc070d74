//go:build !linux

package actions

import "os"

// syncData makes a file's content last.
func syncData(f *os.File) error { return f.Sync() }
