package arm

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// maxOperations bounds how many finished operations are remembered.
const maxOperations = 4096

// LongRunning are the operations that are followed, by a status URL or by their resource's state.
func LongRunning() []string {
	return []string{"cluster.create", "cluster.update", "cluster.delete", "pool.create", "pool.delete", "group.delete", "vault.create", "vault.purge"}
}

// operation is a long-running one. It lives in the server: a client may die and another one
// go on asking.
// Source: github.com/microsoft/api-guidelines, Azure considerations; resource-manager async-operations.
type operation struct {
	id       string
	provider string
	status   string // InProgress, Succeeded, Failed
	fault    *fault
	began    time.Time
	ended    time.Time
	askEvery time.Duration
	done     chan struct{} // closed when it has ended
	gone     bool          // nobody remembers it, by the fault operation-gone
}

// begin starts an operation of the provider. What takes its time runs without the lock; end
// runs with it, and is given the failure.
func (m *Manager) begin(provider, takes string, work func(context.Context) error, end func(*fault)) *operation {
	op := &operation{
		id:       uuid.NewString(),
		provider: provider,
		status:   "InProgress",
		began:    time.Now(),
		askEvery: min(max(m.Conditions.Duration(takes)/20, 10*time.Millisecond), 10*time.Second),
		done:     make(chan struct{}),
		gone:     m.struck("operation-gone", takes),
	}
	m.forgetOperations()
	m.operations[op.id] = op
	m.work.Go(func() {
		failure := m.carryOut(takes, work)
		m.mu.Lock()
		defer m.mu.Unlock()
		end(failure)
		op.end(failure)
	})
	return op
}

// struck tells whether a fault is scripted for an operation, or for all.
func (m *Manager) struck(fault, takes string) bool {
	which, on := m.Conditions.Has(fault)
	return on && (which == "" || which == takes)
}

// carryOut takes the operation's time, or goes wrong as scripted, before anything is done.
func (m *Manager) carryOut(takes string, work func(context.Context) error) *fault {
	if err := m.Conditions.Take(m.lifetime, takes); err != nil {
		return asFault(err)
	}
	if err := m.endless(takes); err != nil {
		return asFault(err)
	}
	if m.struck("operation-failed", takes) {
		return refuse(http.StatusInternalServerError, "InternalOperationError", "Internal server error: the operation %s failed as scripted.", takes)
	}
	if err := work(m.lifetime); err != nil {
		return asFault(err)
	}
	return nil
}

// endless holds an operation up for as long as the fault operation-endless is on.
func (m *Manager) endless(takes string) error {
	const lookAgain = 20 * time.Millisecond
	ticker := time.NewTicker(lookAgain)
	defer ticker.Stop()
	for m.struck("operation-endless", takes) {
		select {
		case <-ticker.C:
		case <-m.lifetime.Done():
			return m.lifetime.Err()
		}
	}
	return nil
}

func (op *operation) end(failure *fault) {
	op.status, op.fault, op.ended = "Succeeded", failure, time.Now()
	if failure != nil {
		op.status = "Failed"
	}
	close(op.done)
}

// forgetOperations makes room; a client that asks for a forgotten one follows the resource instead.
func (m *Manager) forgetOperations() {
	if len(m.operations) < maxOperations {
		return
	}
	for id, op := range m.operations {
		if !op.ended.IsZero() {
			delete(m.operations, id)
		}
	}
}

// announce tells the client where to ask, and how often. Only the header in milliseconds can
// say less than a second.
func (m *Manager) announce(header http.Header, op *operation) {
	base := m.URL("management.localhost") + m.subscriptionID() + "/providers/" + op.provider + "/locations/" + m.Location
	header.Set("Azure-AsyncOperation", base+"/operations/"+op.id+"?api-version=2024-01-01")
	header.Set("Location", base+"/operationresults/"+op.id+"?api-version=2024-01-01")
	pace(header, op)
}

// pace is in whole seconds for most clients, which may be far longer than the operation.
func pace(header http.Header, op *operation) {
	header.Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(op.askEvery.Seconds())))))
	header.Set("retry-after-ms", strconv.FormatInt(op.askEvery.Milliseconds(), 10))
}

func (m *Manager) findOperation(c *call) (*operation, error) {
	id := c.PathValue("operation")
	op, ok := m.operations[id]
	if !ok || op.gone {
		return nil, notFound("NotFound", "The operation '%s' was not found.", id)
	}
	return op, nil
}

func (m *Manager) getOperation(c *call) (answer, error) {
	op, err := m.findOperation(c)
	if err != nil {
		return answer{}, err
	}
	body := map[string]any{"name": op.id, "status": op.status, "startTime": op.began.UTC()}
	if !op.ended.IsZero() {
		body["endTime"] = op.ended.UTC()
	}
	if op.fault != nil {
		body["error"] = op.fault.body()["error"]
	}
	return answer{status: http.StatusOK, body: body, operation: op}, nil
}

// getOperationResult is what Location names: 202 while it goes on, then the outcome.
func (m *Manager) getOperationResult(c *call) (answer, error) {
	op, err := m.findOperation(c)
	switch {
	case err != nil:
		return answer{}, err
	case op.fault != nil:
		return answer{}, op.fault
	case op.ended.IsZero():
		return answer{status: http.StatusAccepted, operation: op}, nil
	}
	return answer{status: http.StatusNoContent}, nil
}
