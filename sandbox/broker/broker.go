// Package broker is the sandbox's Kafka: a broker that speaks the real protocol, in memory. Inside
// the cluster it is reached through listeners that its pod hands over; outside, through a TLS
// listener on loopback that asks for a password. It knows nothing of pods or Kubernetes.
package broker

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// Options say how a broker presents itself.
type Options struct {
	// Advertise is the host:port that clients are told, e.g. a pod's name in the cluster.
	Advertise string
	ClusterID string
	// RetainBytes bounds what a partition keeps; 0 is DefaultRetainBytes.
	RetainBytes int64
}

// DefaultRetainBytes is what a partition keeps in memory: some thousand messages of the sample.
const DefaultRetainBytes = 4 << 20

const (
	retentionInterval = time.Second
	segmentBytes      = 1 << 20
)

// Broker is a running broker.
type Broker struct {
	cluster *kfake.Cluster
	door    *door
	stop    context.CancelFunc
	tasks   sync.WaitGroup
}

// Start runs a broker with no data. Topics are created when a client first asks for them.
func Start(o Options) (*Broker, error) {
	address, err := parseAddress(o.Advertise)
	if err != nil {
		return nil, err
	}
	if o.RetainBytes == 0 {
		o.RetainBytes = DefaultRetainBytes
	}
	door := newDoor(address)
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1),
		kfake.ClusterID(o.ClusterID),
		kfake.ListenFn(func(string, string) (net.Listener, error) { return door, nil }),
		kfake.AllowAutoTopicCreation(),
		kfake.DefaultNumPartitions(1),
		kfake.BrokerConfigs(map[string]string{
			"log.retention.bytes": strconv.FormatInt(o.RetainBytes, 10),
			"log.segment.bytes":   strconv.Itoa(segmentBytes),
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("start broker %s: %w", o.Advertise, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	b := &Broker{cluster: cluster, door: door, stop: stop}
	b.tasks.Go(func() { b.retain(ctx) })
	return b, nil
}

// retain drops what is beyond the bound; the broker keeps everything in memory otherwise.
func (b *Broker) retain(ctx context.Context) {
	ticker := time.NewTicker(retentionInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			b.cluster.ApplyRetention()
		}
	}
}

// Serve lets clients in through a listener, until the listener or the broker closes.
func (b *Broker) Serve(listener net.Listener) error {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return fmt.Errorf("accept Kafka client: %w", err)
		}
		if !b.door.enter(conn) {
			_ = conn.Close()
			return net.ErrClosed
		}
	}
}

// Dial connects to the broker without a network.
func (b *Broker) Dial() (net.Conn, error) {
	client, server := net.Pipe()
	if !b.door.enter(server) {
		return nil, fmt.Errorf("dial broker %s: %w", b.door.address, net.ErrClosed)
	}
	return client, nil
}

// Close ends the broker, its connections and its data.
func (b *Broker) Close() {
	b.stop()
	b.tasks.Wait()
	b.cluster.Close()
}
