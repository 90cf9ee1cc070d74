package kubernetes

import (
	"encoding/json"
	"reflect"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	smd "sigs.k8s.io/structured-merge-diff/v6/schema"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
)

// anything is the type of what is taken as a whole.
const anything = "anything"

// mergeable converts objects to what server-side apply merges. Which lists are merged by key, the
// Go types' patch tags say, as they do for kubectl's patches.
var mergeable = sync.OnceValue(func() managedfields.TypeConverter {
	b := schemaBuilder{known: map[reflect.Type]string{}}
	b.define(anything, smd.Atom{
		Scalar: new(smd.Untyped),
		List:   &smd.List{ElementType: named(anything), ElementRelationship: smd.Atomic},
		Map:    &smd.Map{ElementType: named(anything), ElementRelationship: smd.Atomic},
	})
	for kind, goType := range types().AllKnownTypes() {
		if isServed(kind) {
			b.root(kind, goType)
		}
	}
	return managedfields.NewSchemeTypeConverter(types(), &typed.Parser{Schema: smd.Schema{Types: b.types}})
})

// isServed leaves out the options and lists that every group has beside its kinds.
func isServed(kind schema.GroupVersionKind) bool {
	for _, k := range builtin() {
		if k.group == kind.Group && k.name == kind.Kind {
			return true
		}
	}
	return false
}

// schemaBuilder makes merge types of Go types.
type schemaBuilder struct {
	types []smd.TypeDef
	known map[reflect.Type]string
}

func named(name string) smd.TypeRef { return smd.TypeRef{NamedType: &name} }

func (b *schemaBuilder) define(name string, atom smd.Atom) {
	b.types = append(b.types, smd.TypeDef{Name: name, Atom: atom})
}

// root defines a kind's type under the name by which the scheme knows it.
func (b *schemaBuilder) root(kind schema.GroupVersionKind, t reflect.Type) {
	name, err := types().ToOpenAPIDefinitionName(kind)
	if err != nil {
		return
	}
	b.define(name, smd.Atom{Map: &smd.Map{Fields: b.fields(t)}})
}

// ref is a field's type; tag is the field's, which tells how a list is merged.
func (b *schemaBuilder) ref(t reflect.Type, tag reflect.StructTag) smd.TypeRef {
	if t.Kind() == reflect.Pointer {
		return b.ref(t.Elem(), tag)
	}
	if t.Implements(marshaler) || reflect.PointerTo(t).Implements(marshaler) {
		return named(anything) // e.g. a time or a quantity
	}
	switch t.Kind() {
	case reflect.Struct:
		return b.structure(t)
	case reflect.Map:
		return inline(smd.Atom{Map: &smd.Map{ElementType: b.ref(t.Elem(), "")}})
	case reflect.Slice:
		return b.list(t.Elem(), tag)
	default:
		return named(anything)
	}
}

func inline(atom smd.Atom) smd.TypeRef { return smd.TypeRef{Inlined: atom} }

var marshaler = reflect.TypeFor[json.Marshaler]()

// structure defines a struct once, however many fields are of it.
func (b *schemaBuilder) structure(t reflect.Type) smd.TypeRef {
	name, ok := b.known[t]
	if !ok {
		name = t.PkgPath() + "." + t.Name()
		b.known[t] = name // before its fields, which may be of its type again
		b.define(name, smd.Atom{Map: &smd.Map{Fields: b.fields(t)}})
	}
	return named(name)
}

// fields are a struct's, with those of the structs embedded in it.
func (b *schemaBuilder) fields(t reflect.Type) (fields []smd.StructField) {
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case name == "-" || !field.IsExported():
		case name == "" && field.Anonymous:
			fields = append(fields, b.fields(field.Type)...)
		default:
			fields = append(fields, smd.StructField{Name: name, Type: b.ref(field.Type, field.Tag), Default: defaultOf(t, name)})
		}
	}
	return fields
}

// defaultOf is the value of a field that is part of a key and may be left out.
func defaultOf(t reflect.Type, name string) any {
	if strings.HasSuffix(t.Name(), "Port") && name == "protocol" {
		return "TCP"
	}
	return nil
}

// list is merged by its elements' key, as a set, or not at all.
func (b *schemaBuilder) list(element reflect.Type, tag reflect.StructTag) smd.TypeRef {
	if element.Kind() == reflect.Uint8 {
		return named(anything) // bytes are a string
	}
	list := &smd.List{ElementType: b.ref(element, ""), ElementRelationship: smd.Atomic}
	if strings.Contains(tag.Get("patchStrategy"), "merge") {
		list.ElementRelationship = smd.Associative
		if key := tag.Get("patchMergeKey"); key != "" {
			list.Keys = keysOf(element, key)
		}
	}
	return inline(smd.Atom{List: list})
}

// keysOf completes the tags' key: a port's number is unique within its protocol only.
func keysOf(element reflect.Type, key string) []string {
	if _, ok := element.FieldByName("Protocol"); ok {
		return []string{key, "protocol"}
	}
	return []string{key}
}
