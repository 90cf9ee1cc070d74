package kube

import (
	"strings"
	"testing"
)

func TestOnlyWhatCannotMendItselfFails(t *testing.T) {
	waiting := func(reason string, restarts int) Pod {
		return Pod{Phase: "Running", Containers: []Container{{State: "waiting", Reason: reason, Restarts: restarts}}}
	}
	for name, test := range map[string]struct {
		pod  Pod
		want string
	}{
		"starting":           {waiting("ContainerCreating", 0), ""},
		"crashed once":       {waiting("CrashLoopBackOff", 1), ""},
		"crashed too often":  {waiting("CrashLoopBackOff", 3), "CrashLoopBackOff"},
		"no such image":      {waiting("ErrImagePull", 0), "ErrImagePull"},
		"still no image":     {waiting("ImagePullBackOff", 0), "ImagePullBackOff"},
		"refused by runtime": {waiting("RunContainerError", 0), "RunContainerError"},
		"ended":              {Pod{Phase: "Failed"}, "Failed"},
	} {
		if got := failure(test.pod); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestAContainerWithoutAStatusIsWaiting(t *testing.T) {
	for name, statuses := range map[string][]any{"none at all": nil, "one that says nothing": {map[string]any{"name": "skr"}}} {
		pod, err := podOf(Object{
			"spec":   map[string]any{"containers": []any{map[string]any{"name": "skr"}}},
			"status": map[string]any{"phase": "Pending", "containerStatuses": statuses},
		})
		if err != nil || len(pod.Containers) != 1 || pod.Containers[0].State != "waiting" {
			t.Errorf("%s: %+v, %v", name, pod.Containers, err)
		}
	}
}

func TestOnlyHopelessEventsFail(t *testing.T) {
	for name, test := range map[string]struct {
		event Event
		want  bool
	}{
		"blocked by policy": {Event{Type: "Warning", Reason: "Failed", Message: `"CreateContainerRequest is blocked by policy: …"`}, true},
		"a first failure":   {Event{Type: "Warning", Reason: "FailedCreatePodSandBox", Message: "vm.boot: EOF", Count: 1}, false},
		"failing on":        {Event{Type: "Warning", Reason: "FailedCreatePodSandBox", Message: "vm.boot: EOF", Count: 3}, true},
		"no node yet":       {Event{Type: "Warning", Reason: "FailedScheduling", Count: 9}, false},
		"good news":         {Event{Type: "Normal", Reason: "Started"}, false},
	} {
		if got := hopeless(test.event); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestTheEndOfALogIsKept(t *testing.T) {
	for name, test := range map[string]struct {
		log   string
		limit int
		want  string
	}{
		"shorter":      {"abc", 5, "abc"},
		"as long":      {"abcde", 5, "abcde"},
		"longer":       {"abcdefgh", 5, "defgh"},
		"far longer":   {strings.Repeat("x", 100<<10) + "end", 3, "end"},
		"nothing kept": {"abc", 0, ""},
	} {
		got, err := readTail(strings.NewReader(test.log), test.limit)
		if err != nil || string(got) != test.want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, test.want)
		}
	}
}
