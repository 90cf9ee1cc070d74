package entra

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
)

const (
	deviceLifetime = 15 * time.Minute
	maxDevices     = 64
)

// device is a sign-in that waits for its user. Nobody types the code in a sandbox: it
// approves itself after the time a person would need.
type device struct {
	clientID          string
	approved, expires time.Time
}

// startDevice hands out a code for the user and one for the device, to the sandbox's own application
// alone: where nobody has to approve, whoever may ask is signed in.
// Source: RFC 8628, section 3.2; learn.microsoft.com, OAuth 2.0 device authorization grant.
func (d *Directory) startDevice(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil || r.PostForm.Get("client_id") == "" {
		refuse(w, r, errForm.with("client_id"))
		return
	}
	if id := r.PostForm.Get("client_id"); !strings.EqualFold(id, d.Application.AppID) {
		refuse(w, r, errApplication.with(id))
		return
	}
	now := time.Now()
	code, userCode := uuid.NewString(), rand.Text()[:9]
	d.mu.Lock()
	if len(d.devices) >= maxDevices {
		clear(d.devices)
	}
	d.devices[code] = device{
		clientID: r.PostForm.Get("client_id"),
		approved: now.Add(d.Conditions.Duration("device.approve")),
		expires:  now.Add(deviceLifetime),
	}
	d.mu.Unlock()
	writeJSON(w, http.StatusOK, map[string]any{
		"user_code":        userCode,
		"device_code":      code,
		"verification_uri": d.URL + "/device",
		"expires_in":       int(deviceLifetime.Seconds()),
		"interval":         1,
		"message": fmt.Sprintf("To sign in, use a web browser to open the page %s/device and enter the code %s to authenticate. The sandbox approves it by itself.",
			d.URL, userCode),
	})
}

// deviceToken is asked again and again until the code is approved.
func (d *Directory) deviceToken(r *http.Request) (map[string]any, error) {
	audience, refused := d.audience(r.PostForm.Get("scope"))
	if refused != nil {
		return nil, refused
	}
	s, refused := d.redeem(r.PostForm.Get("device_code"), r.PostForm.Get("client_id"))
	if refused != nil {
		return nil, refused
	}
	return d.userToken(s, audience, r.PostForm.Get("scope"))
}

// redeem turns an approved device code into a session, once.
func (d *Directory) redeem(code, clientID string) (session, *refusal) {
	d.mu.Lock()
	defer d.mu.Unlock()
	waiting, ok := d.devices[code]
	switch now := time.Now(); {
	case !ok, waiting.clientID != clientID, now.After(waiting.expires):
		return session{}, errDeviceCode.with()
	case now.Before(waiting.approved):
		return session{}, errPending.with()
	}
	delete(d.devices, code)
	return session{user: d.User, clientID: clientID}, nil
}

func (d *Directory) devicePage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, "This is the cctui sandbox: your code is approved by itself. Return to the terminal.")
}
