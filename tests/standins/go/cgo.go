//go:build cgo

package main

// #include <stdlib.h>
import "C"

// touchC makes the program need the C library, as RoadRunner's did up to v1.6.2.
func touchC() { C.free(C.malloc(1)) }
