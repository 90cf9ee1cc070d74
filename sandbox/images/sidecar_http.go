package images

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

const maxSidecarRequest = 1 << 20

// serve listens on the pod's port until the container ends.
func (s *sidecar) serve(ctx context.Context) error {
	s.log.info("Starting HTTP server...")
	port, err := strconv.Atoi(s.options.port)
	if err != nil {
		return s.log.fatal("Failed to start HTTP server: %w%s", err, s.footer)
	}
	listener, err := s.container.Network.Listen(port)
	if err != nil {
		return s.log.fatal("Failed to start HTTP server: %w%s", err, s.footer)
	}
	s.log.line("[GIN-debug] Listening and serving HTTP on localhost:%d", port)
	return serveHTTP(ctx, podListener{listener}, s.handler())
}

// podListener takes connections from within the pod only, as one on localhost does: who reaches the
// sidecar gets keys.
type podListener struct{ net.Listener }

func (l podListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		local, _, errLocal := net.SplitHostPort(conn.LocalAddr().String())
		remote, _, errRemote := net.SplitHostPort(conn.RemoteAddr().String())
		if errLocal == nil && errRemote == nil && local == remote {
			return conn, nil
		}
		_ = conn.Close()
	}
}

// serveHTTP serves until ctx ends, which is no failure.
func serveHTTP(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// handler is internal/httpginendpoints.
func (s *sidecar) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]string{"message": "Status OK"})
	})
	mux.HandleFunc("POST /attest/raw", s.attestRaw)
	if s.redacts {
		mux.HandleFunc("POST /attest/combined", s.attestCombined)
	}
	mux.HandleFunc("POST /attest/maa", s.attestMAA)
	mux.HandleFunc("POST /key/release", s.keyRelease)
	return s.access(mux)
}

func (s *sidecar) attestRaw(w http.ResponseWriter, r *http.Request) {
	var request struct {
		RuntimeData string `json:"runtime_data"`
	}
	data, err := s.runtimeData(r, &request, &request.RuntimeData)
	if err != nil {
		reply(w, http.StatusBadRequest, failure(err))
		return
	}
	report, err := s.report(r.Context(), data)
	if err != nil {
		// The real sidecar goes on behind the error, so that its answer holds two JSON objects.
		reply(w, http.StatusForbidden, failure(s.wrap("failure to fetch attestation report hex", err)))
	}
	reply(w, http.StatusOK, map[string]string{"report": hex.EncodeToString(report)})
}

// attestCombined answers with a report and all that it can be verified by. Older images do not know it.
func (s *sidecar) attestCombined(w http.ResponseWriter, r *http.Request) {
	var request struct {
		RuntimeData string `json:"runtime_data"`
	}
	data, err := s.runtimeData(r, &request, &request.RuntimeData)
	if err != nil {
		reply(w, http.StatusBadRequest, failure(err))
		return
	}
	report, err := s.report(r.Context(), data)
	if err != nil {
		reply(w, http.StatusInternalServerError, failure(s.wrap("failure to fetch attestation report bytes", err)))
		return
	}
	encode := base64.StdEncoding.EncodeToString
	reply(w, http.StatusOK, map[string]string{
		"endorsed_tcb":     s.platform.TCB,
		"endorsements":     encode([]byte(s.platform.VCEK + s.platform.Chain)),
		"evidence":         encode(report),
		"uvm_endorsements": s.referenceInfo(),
	})
}

func (s *sidecar) attestMAA(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Host        string `json:"maa_endpoint"`
		RuntimeData string `json:"runtime_data"`
	}
	data, err := s.runtimeData(r, &request, &request.Host, &request.RuntimeData)
	if err != nil {
		reply(w, http.StatusBadRequest, failure(err))
		return
	}
	token, err := s.attest(r.Context(), request.Host, data)
	if err != nil {
		reply(w, http.StatusForbidden, failure(s.wrap("attestation failed", err))) // and goes on, see attestRaw
	}
	reply(w, http.StatusOK, map[string]string{"token": token})
}

func (s *sidecar) keyRelease(w http.ResponseWriter, r *http.Request) {
	var request releaseRequest
	if err := bind(r, &request, &request.AttestationHost, &request.VaultHost, &request.Key); err != nil {
		// The real sidecar puts the error itself there, of which JSON shows nothing.
		reply(w, http.StatusBadRequest, map[string]any{"error": struct{}{}})
		return
	}
	key, err := s.release(r.Context(), request)
	if err != nil {
		reply(w, http.StatusForbidden, failure(s.wrap("secure key release failed", err)))
		return
	}
	reply(w, http.StatusOK, map[string]string{"key": key})
}

// runtimeData binds a request whose last required field is base64, and decodes that.
func (s *sidecar) runtimeData(r *http.Request, request any, required ...*string) ([]byte, error) {
	if err := bind(r, request, required...); err != nil {
		return nil, s.wrap("invalid request format", err)
	}
	data, err := base64.StdEncoding.DecodeString(*required[len(required)-1])
	if err != nil {
		return nil, s.wrap("decoding base64-encoded runtime data of request failed", err)
	}
	return data, nil
}

// bind decodes a request's body and wants all of the required fields.
func bind(r *http.Request, request any, required ...*string) error {
	if err := json.NewDecoder(io.LimitReader(r.Body, maxSidecarRequest)).Decode(request); err != nil {
		return err
	}
	for _, field := range required {
		if *field == "" {
			return errors.New("Field validation failed on the 'required' tag")
		}
	}
	return nil
}

// wrap words an error as the sidecar does, with its footer in the middle.
func (s *sidecar) wrap(what string, err error) error {
	return fmt.Errorf("%s%s: %w", what, s.footer, err)
}

func failure(err error) map[string]string { return map[string]string{"error": err.Error()} }

// reply may be called twice for one request; the first status stands.
func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if recorder, ok := w.(*statusRecorder); !ok || recorder.status == 0 {
		w.WriteHeader(status)
	}
	encoded, _ := json.Marshal(body) // maps of strings
	_, _ = w.Write(encoded)
}

// access logs every request as gin does, at any log level.
func (s *sidecar) access(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, recorder := time.Now(), &statusRecorder{ResponseWriter: w}
		next.ServeHTTP(recorder, r)
		s.log.line("[GIN] %s | %d | %12v | %15s | %-7s %q", start.Format("2006/01/02 - 15:04:05"), recorder.status,
			time.Since(start).Round(time.Microsecond), "127.0.0.1", r.Method, r.URL.Path)
	})
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}
