//go:build !cgo

package main

func touchC() {}
