package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cctui/cctui/actions"
)

func TestMisuseIsToldAndChangesNothing(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		env  map[string]string
		want []string // on standard error
	}{
		{"no terminal", []string{}, nil, []string{"use --auto"}},
		{"unknown command", []string{"verfiy"}, nil, []string{`"verfiy" is no command`}},
		{"unknown flag", []string{"--auto", "--clutser=a"}, nil, []string{"--clutser"}},
		{"names that Azure refuses", []string{"--auto", "--sandbox", "--vault=9", "--resource-group=a."}, nil, []string{"2 inputs", "--vault, CCTUI_VAULT, or vault in", "CCTUI_RESOURCE_GROUP"}},
		{"message too long", []string{"--auto", "--sandbox"}, map[string]string{"CCTUI_MESSAGE": strings.Repeat("a", 400)}, []string{"400 bytes", "(from CCTUI_MESSAGE)"}},
		{"region that does not exist", []string{"--auto", "--sandbox", "--location=narnia"}, nil, []string{"narnia", "location"}},
		{"config file missing", []string{"--auto", "--sandbox", "--config=/nowhere/config.yaml"}, nil, []string{"/nowhere/config.yaml"}},
		{"unknown fault", []string{"--auto", "--sandbox", "--sandbox-fault=rain"}, nil, []string{"rain", "policy-drift"}},
		{"fault of an unknown service", []string{"--auto", "--sandbox", "--sandbox-fault=http-500=dns"}, nil, []string{"dns", "managedhsm", "--sandbox-fault"}},
		{"cleanup without a name", []string{"cleanup"}, nil, []string{"--yes"}},
		{"script of no plan", []string{"--auto", "--output=sh"}, nil, []string{"cctui plan only"}},
		{"verify without a file", []string{"verify"}, nil, []string{"one file"}},
		{"token of no sandbox", []string{"sandbox", "token", "vault"}, nil, []string{"no sandbox is being served"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			ended := call(t, test.env, test.args...)
			if ended.code != actions.ExitUsage {
				t.Errorf("exit code %d:\n%s%s", ended.code, ended.out, ended.err)
			}
			for _, want := range test.want {
				if !strings.Contains(ended.err, want) {
					t.Errorf("standard error lacks %q:\n%s", want, ended.err)
				}
			}
		})
	}
}

func TestMisuseIsAResultForPrograms(t *testing.T) {
	ended := call(t, nil, "--auto", "--sandbox", "--output=json", "--vault=9")
	result := ended.result(t)
	if ended.code != actions.ExitUsage || result.Problem == nil || result.Problem.Class != actions.ClassUsage {
		t.Errorf("exit code %d, result %+v", ended.code, result)
	}
}

// The screens keep their log where the runs are remembered.
func TestStatusTakesTheScreensLogForNoRun(t *testing.T) {
	state := t.TempDir()
	log := eventLog{path: filepath.Join(state, "cctui", "log.jsonl")}
	log.write(actions.Logged{Text: "hello"})
	if err := errors.Join(log.err, log.close()); err != nil {
		t.Fatal(err)
	}
	told := callIn(t, state, "status")
	if told.code != actions.ExitDone || told.out != "No run is remembered here.\n" || told.err != "" {
		t.Errorf("exit %d: %s%s", told.code, told.out, told.err)
	}
}

func TestPlanListsEveryStepWithItsCommands(t *testing.T) {
	ended := call(t, nil, "plan", "--output", "json")
	var plan []actions.PlannedStep
	if err := json.Unmarshal([]byte(ended.out), &plan); err != nil {
		t.Fatal(err)
	}
	if len(plan) != len(actions.Steps()) {
		t.Errorf("%d steps are planned, %d there are", len(plan), len(actions.Steps()))
	}
	script := call(t, nil, "plan", "--output", "sh", "--cluster", "mine")
	for _, want := range []string{"#!/usr/bin/env bash", "az aks create", "--name mine"} {
		if !strings.Contains(script.out, want) {
			t.Errorf("the script lacks %q", want)
		}
	}
	if text := call(t, nil, "plan"); !strings.Contains(text.out, "March 2026") {
		t.Error("the plan says nothing of the platform's announced end")
	}
}

func TestVerifyHoldsATokenAgainstAPolicy(t *testing.T) {
	dir := t.TempDir()
	policy := filepath.Join(dir, "policy.json")
	text := `{"version":"1.0.0","anyOf":[{"authority":"https://a.attest.azure.net","allOf":[{"claim":"x-ms-attestation-type","equals":"sevsnpvm"}]}]}`
	if err := os.WriteFile(policy, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if ended := call(t, nil, "verify", policy); ended.code != actions.ExitDone || !strings.Contains(ended.out, "https://a.attest.azure.net") {
		t.Errorf("exit code %d:\n%s%s", ended.code, ended.out, ended.err)
	}
	if ended := call(t, nil, "verify", filepath.Join(dir, "missing")); ended.code != actions.ExitUsage {
		t.Errorf("exit code %d for a file that is missing", ended.code)
	}
}

func TestHelpIsAboutEverything(t *testing.T) {
	for topic, want := range map[string]string{
		"exit-codes": "interrupted", "environment": "CCTUI_VAULT", "config": "# vault: ", "sandbox": "policy-drift",
	} {
		if ended := call(t, nil, "help", topic); ended.code != actions.ExitDone || !strings.Contains(ended.out, want) {
			t.Errorf("help %s lacks %q, or failed with %d", topic, want, ended.code)
		}
	}
}
