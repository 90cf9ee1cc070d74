package kubernetes

import (
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	nodev1 "k8s.io/api/node/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
)

// types are the Go types of the kinds that the sandbox checks and merges by type. client-go's own
// scheme would do, but links every version of every API.
var types = sync.OnceValue(func() *runtime.Scheme {
	scheme := runtime.NewScheme()
	builder := runtime.NewSchemeBuilder(
		corev1.AddToScheme, appsv1.AddToScheme, rbacv1.AddToScheme, nodev1.AddToScheme,
		discoveryv1.AddToScheme, authenticationv1.AddToScheme, authorizationv1.AddToScheme,
	)
	utilruntime.Must(builder.AddToScheme(scheme))
	return scheme
})

// decoder reads protobuf and JSON of those types.
var decoder = sync.OnceValue(func() runtime.Decoder {
	return serializer.NewCodecFactory(types()).UniversalDeserializer()
})
