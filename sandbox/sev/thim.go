package sev

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-sev-guest/kds"
)

// THIMPath is where a guest asks its host for the chip's certificates, on the link-local metadata address.
const THIMPath = "/metadata/THIM/amd/certification"

// THIM serves the chip's certificates as Azure's trusted hardware identity management does: plain HTTP,
// and only for requests with the header Metadata: true, which no redirect or browser sends.
func (m *Machine) THIM() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+THIMPath, func(w http.ResponseWriter, r *http.Request) {
		if !strings.EqualFold(r.Header.Get("Metadata"), "true") {
			answer(w, http.StatusBadRequest, map[string]string{"error": "Bad request. Required metadata header not specified"})
			return
		}
		certificates, err := m.certification()
		if err != nil {
			answer(w, http.StatusInternalServerError, map[string]string{"error": err.Error()})
			return
		}
		answer(w, http.StatusOK, certificates)
	})
	return mux
}

// certification is THIM's answer.
// Source: microsoft/confidential-sidecar-containers, pkg/common/info.go.
type certification struct {
	VCEK         string `json:"vcekCert"`
	TCB          string `json:"tcbm"` // 16 hex digits
	Chain        string `json:"certificateChain"`
	CacheControl string `json:"cacheControl"` // seconds
}

func (m *Machine) certification() (certification, error) {
	chip, err := m.identity()
	if err != nil {
		return certification{}, err
	}
	roots, err := m.root.Certificates()
	if err != nil {
		return certification{}, err
	}
	tcb, err := kds.ComposeTCBParts(firmware)
	if err != nil {
		return certification{}, err
	}
	return certification{
		VCEK:         string(chip),
		TCB:          fmt.Sprintf("%016X", uint64(tcb)),
		Chain:        string(roots),
		CacheControl: "86400",
	}, nil
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}
