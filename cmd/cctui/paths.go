package main

import (
	"os"
	"path/filepath"
	"runtime"
)

// configPath is where the config file is, and whether the user said so.
func configPath(flag string, getenv func(string) string) (path string, named bool) {
	if flag != "" {
		return flag, true
	}
	if path := getenv("CCTUI_CONFIG"); path != "" {
		return path, true
	}
	folder := getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(folder) { // the XDG specification: a relative path is to be ignored
		folder, _ = os.UserConfigDir()
	}
	return filepath.Join(folder, "cctui", "config.yaml"), false
}

// stateDir is where runs are remembered.
func stateDir(getenv func(string) string) string {
	folder := getenv("XDG_STATE_HOME")
	if filepath.IsAbs(folder) {
		return filepath.Join(folder, "cctui")
	}
	if runtime.GOOS == "windows" {
		folder, _ = os.UserCacheDir() // %LocalAppData%
		return filepath.Join(folder, "cctui", "state")
	}
	home, _ := os.UserHomeDir()
	return filepath.Join(home, ".local", "state", "cctui")
}
