package actions

import "context"

// Locations are those of the subscription; none before somebody has signed in to one.
func (w *Walkthrough) Locations(ctx context.Context) ([]string, error) {
	subscription := w.Outputs().SubscriptionID
	if subscription == "" {
		return nil, nil
	}
	return w.options.Adapters.Azure.Locations(ctx, subscription)
}
