# Kata agent policy of the cctui sandbox.
# Its SHA-256 is the HOST_DATA of the pod's virtual machine: one other byte is another measurement.
package agent_policy

import future.keywords.every
import future.keywords.in
import input

default AddARPNeighborsRequest := false
default AllowRequestsFailingPolicy := false
default CloseStdinRequest := false
default CopyFileRequest := false
default CreateContainerRequest := false
default CreateSandboxRequest := true
default DestroySandboxRequest := true
default ExecProcessRequest := false
default GetOOMEventRequest := true
default GuestDetailsRequest := true
default PauseContainerRequest := false
default ReadStreamRequest := false
default RemoveContainerRequest := true
default SetPolicyRequest := false
default SignalProcessRequest := true
default StartContainerRequest := true
default StatsContainerRequest := true
default TtyWinResizeRequest := true
default UpdateContainerRequest := false
default WaitProcessRequest := true
default WriteStreamRequest := false

# A container may be created when one of the policy's is exactly like it.
CreateContainerRequest {
	some allowed in policy_data.containers
	same_identity(allowed.OCI.Annotations, input.OCI.Annotations)
	allowed.OCI.Process.Args == input.OCI.Process.Args
	allowed_layers := [s.options | some s in allowed.storages]
	allowed_layers == [s.options | some s in input.storages]
	every mount in input.OCI.Mounts {
		some known in allowed.OCI.Mounts
		known.destination == mount.destination
	}
	every variable in input.OCI.Process.Env {
		allow_variable(allowed, variable)
	}
}

same_identity(allowed, given) {
	keys := [
		"io.kubernetes.cri.container-name",
		"io.kubernetes.cri.image-name",
		"io.kubernetes.cri.sandbox-namespace",
	]
	every key in keys {
		allowed[key] == given[key]
	}
	name := "io.kubernetes.cri.sandbox-name"
	same_name(allowed[name], given[name])
}

same_name(allowed, given) {
	allowed == given
}

# A controller makes up its pods' names; the policy has a pattern then.
same_name(allowed, given) {
	startswith(allowed, "^")
	regex.match(allowed, given)
}

allow_variable(allowed, variable) {
	variable in allowed.OCI.Process.Env
}

allow_variable(_, variable) {
	some pattern in policy_data.request_defaults.CreateContainerRequest.allow_env_regex
	regex.match(pattern, variable)
}

ExecProcessRequest {
	concat(" ", input.process.Args) in policy_data.request_defaults.ExecProcessRequest.commands
}

ReadStreamRequest {
	policy_data.request_defaults.ReadStreamRequest == true
}

WriteStreamRequest {
	policy_data.request_defaults.WriteStreamRequest == true
}
