// Package kafka holds the Kafka adapter against Apache Kafka itself, where a JDK and Maven are there.
package kafka

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/cctui/cctui/kafka"
	"github.com/cctui/cctui/kafka/contract"
)

func TestApacheKafkaKeepsThePromises(t *testing.T) {
	for _, program := range []string{"java", "mvn"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("NOT JUDGED: %s is not here, so Apache Kafka cannot run", program)
		}
	}
	contract.Run(t, kafka.Config{BootstrapServer: startKafka(t)})
}

// startKafka runs a single KRaft node and returns its address.
func startKafka(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	run(t, "mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory="+filepath.Join(dir, "libs"))
	broker, controller := freeAddress(t), freeAddress(t)
	properties := filepath.Join(dir, "kraft.properties")
	if err := os.WriteFile(properties, configuration(dir, broker, controller), 0o600); err != nil {
		t.Fatal(err)
	}
	classpath := filepath.Join(dir, "libs", "*")
	run(t, "java", "-cp", classpath, "kafka.tools.StorageTool", "format", "-t", "cctui-judge-cluster-00", "-c", properties)

	server := exec.Command("java", "-Xmx512m", "-cp", classpath, "kafka.Kafka", properties)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	awaitListener(t, broker)
	return broker
}

func configuration(dir, broker, controller string) []byte {
	return fmt.Appendf(nil, `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@%[3]s
listeners=PLAINTEXT://%[2]s,CONTROLLER://%[3]s
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=%[1]s/data
offsets.topic.replication.factor=1
num.partitions=1
`, dir, broker, controller)
}

func run(t *testing.T, program string, arguments ...string) {
	t.Helper()
	if output, err := exec.Command(program, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, output)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func awaitListener(t *testing.T, address string) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		if connection, err := net.Dial("tcp", address); err == nil {
			connection.Close()
			return
		}
		time.Sleep(100 * time.Millisecond) // another process's readiness has no event to wait for
	}
	t.Fatalf("Apache Kafka does not listen at %s", address)
}
