package actions

import (
	"context"
	"errors"
	"net/http"

	"github.com/cctui/cctui/azure"
)

// Resource is something a run makes and cleanup removes. Kind and name together identify it.
type Resource struct {
	Kind string `json:"kind"` // e.g. "cluster"; with the name it is what the user is told
	Name string `json:"name"`
	ID   string `json:"id,omitempty"` // empty: an object in the cluster
	// In is the kind of the resource that it lies in, and goes with; empty where cleanup must know of it.
	In string `json:"-"`
}

// String is what the user is told, e.g. "cluster cctui-7f3a".
func (r Resource) String() string { return r.Kind + " " + r.Name }

func (r Resource) is(other Resource) bool { return r.Kind == other.Kind && r.Name == other.Name }

// Owns tells whether this run made the resource, or was about to when it was last heard of.
func (r *Run) Owns(res Resource) bool { return r.w.journal.owns(res) }

// Create makes a resource so that a crash at any moment loses nothing: the intent is in the journal
// before create is called, the resume token as soon as Azure has accepted, the end when it returns.
func (r *Run) Create(ctx context.Context, res Resource, create func(azure.LRO) error) error {
	if err := ctx.Err(); err != nil {
		return err // a run that is being left begins nothing new
	}
	first, token, err := r.w.journal.intend(res, r.step.ID)
	if err != nil {
		return err
	}
	defer r.w.waiting(r.step, "making "+res.String())()
	err = create(r.operation(res, making, token))
	switch {
	case err == nil:
		return r.w.journal.settle(res, made)
	case !final(err):
		return err
	case first && !r.w.journal.accepted(res):
		// Refused at once: nothing came of it, and what has the name may be somebody else's.
		return errors.Join(err, r.w.journal.forget(res))
	default:
		return errors.Join(err, r.w.journal.settle(res, broken))
	}
}

// Remove removes a resource of this run, with the same care as Create. What the run did not make
// is left alone, and the user is told so.
func (r *Run) Remove(ctx context.Context, res Resource, remove func(azure.LRO) error) error {
	if !r.Owns(res) {
		if why, was := r.w.journal.leftBecause(res); was {
			r.Keep(res, why)
		} else if !r.w.journal.removed(res) {
			r.Keep(res, "not made by this run")
		}
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	token, err := r.w.journal.intendRemoval(res)
	if err != nil {
		return err
	}
	defer r.w.waiting(r.step, "removing "+res.String())()
	err = remove(r.operation(res, removing, token))
	switch {
	case err == nil:
		return r.w.journal.settle(res, removed)
	case !final(err):
		return err
	default:
		return errors.Join(err, r.w.journal.settle(res, broken))
	}
}

// Leave leaves a resource of the run's to somebody else, whose things are in it. Cleanup tells the user.
func (r *Run) Leave(res Resource, why string) error { return r.w.journal.leave(res, why) }

// Removed tells whether the run made the resource, and removed it.
func (r *Run) Removed(res Resource) bool { return r.w.journal.removed(res) }

func (r *Run) operation(res Resource, state resourceState, token string) azure.LRO {
	return azure.LRO{
		ResumeToken: token,
		Accepted:    func(token string) error { return r.w.journal.follow(res, state, token) },
		Progress:    func(state string) { r.Progress(Sanitize(state, maxLine), -1) },
	}
}

// final tells whether the service itself ended the operation. After anything else, a lost
// connection or an expired sign-in say, it may still be under way and the resume token must be kept.
func final(err error) bool {
	var service *azure.Error
	if errors.Is(err, azure.ErrSignIn) || errors.Is(err, azure.ErrUncertain) || !errors.As(err, &service) {
		return false
	}
	switch service.Status {
	case http.StatusUnauthorized, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return false
	}
	return service.Status < http.StatusInternalServerError
}
