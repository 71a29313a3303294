"""A small real server for deep proofs, in Go: what it does is what servers need of a system."""

from pathlib import Path

from tests.support.binaries import go_build

SOURCE = r"""/*DEBUG*/
package main

/*IMPORT_C*/
import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// The same authority in each run: its key comes from a fixed seed, and Ed25519 is deterministic.
func authority() (*x509.Certificate, ed25519.PrivateKey) {
	key := ed25519.NewKeyFromSeed([]byte("rr-explorer: a seed of 32 bytes."))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a deep proof's authority"},
		NotBefore: time.Unix(1700000000, 0), NotAfter: time.Unix(4000000000, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	data, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	fail(err)
	made, err := x509.ParseCertificate(data)
	fail(err)
	return made, key
}

func secure() {
	root, key := authority()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: root.NotBefore, NotAfter: root.NotAfter,
	}
	data, err := x509.CreateCertificate(nil, template, root, key.Public(), key)
	fail(err)
	own := tls.Certificate{Certificate: [][]byte{data}, PrivateKey: key}
	config := &tls.Config{Certificates: []tls.Certificate{own}}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	fail(err)
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	answer, err := http.Get("https://" + listener.Addr().String())
	fail(err)
	fmt.Println("tls", answer.StatusCode)
}

func resolve() {
	limited, cancel := context.WithTimeout(context.Background(), 8*time.Second)
	defer cancel()
	found, err := net.DefaultResolver.LookupHost(limited, "deep.example.org.")
	fail(err)
	fmt.Println("found", strings.Join(found, " "))
}

func deep(n int) int {
	var frame [256]byte
	frame[n%256] = byte(n)
	if n == 0 {
		return int(frame[0])
	}
	return deep(n-1) + int(frame[n%256]) - int(byte(n))
}

func threads() {
	var group sync.WaitGroup
	for i := 0; i < 16; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			/*DEEP*/
			deep(20000)
		}()
	}
	group.Wait()
	fmt.Println("16 threads")
}

func serve(config string) {
	address, err := os.ReadFile(config)
	fail(err)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	http.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "[]") })
	server := &http.Server{Addr: strings.TrimSpace(string(address))}
	go func() { fail(server.ListenAndServe()) }()
	<-stop
	if strings.Contains(config, "stubborn") || os.Getenv("STUBBORN") != "" {
		select {}
	}
}

func main() {
	switch strings.Join(os.Args[1:2], "") {
	case "authority":
		root, _ := authority()
		pem.Encode(os.Stdout, &pem.Block{Type: "CERTIFICATE", Bytes: root.Raw})
	case "tls":
		secure()
	case "zone":
		zone, err := time.LoadLocation("Europe/Berlin")
		fail(err)
		fmt.Println(time.Unix(1700000000, 0).In(zone).Format("15:04 MST"))
	case "dns":
		resolve()
	case "write":
		fail(os.WriteFile(os.Args[2], []byte("x"), 0o600))
	case "threads":
		threads()
	case "serve":
		serve(os.Args[2])
	case "broken":
		fail(fmt.Errorf("cannot listen"))
	default:
		fmt.Println("server version 1.0.0")
	}
}
"""
CGO = r"""
/*
#include <string.h>
static int deep_in_c(int n) {
	volatile char frame[256];
	memset((void *)frame, n, sizeof frame);
	return n == 0 ? frame[0] : deep_in_c(n - 1) + frame[1] - frame[1];
}
*/
import "C"
"""


def server(arch: str = "amd64", *, cgo: bool = False) -> Path:
    """``server serve|tls|zone|dns|write|threads``: static, by pure Go or with musl's C library.

    Names are resolved by Go itself or, with cgo, by musl.
    """
    if not cgo:
        source = SOURCE.replace("/*IMPORT_C*/", "").replace("/*DEEP*/", "")
        source = source.replace("/*DEBUG*/", "//go:debug netdns=go")
        return go_build("server", source, goarch=arch)
    source = SOURCE.replace("/*IMPORT_C*/", CGO).replace("/*DEEP*/", "C.deep_in_c(200)")
    source = source.replace("/*DEBUG*/", "//go:debug netdns=cgo")
    machine = {"amd64": "x86_64", "arm64": "aarch64"}[arch]
    return go_build(
        "server",
        source,
        goarch=arch,
        cgo=f"{machine}-linux-musl",
        ldflags="-s -w -extldflags=-static",
    )


ROADRUNNER = r"""package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"syscall"
)

var address = regexp.MustCompile(`(?m)^(rpc|status): *\{\w+: *"(?:tcp://)?([^"]+)"\}$`)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		made := "(build time: 2026-06-17T16:05:23+0000, " + runtime.Version() + ")"
		fmt.Println("rr version 2025.1.15", made+", OS: "+runtime.GOOS+", arch: "+runtime.GOARCH)
		return
	}
	if len(os.Args) != 4 || os.Args[1] != "serve" || os.Args[2] != "-c" {
		fail(fmt.Errorf("this stand-in knows --version and serve -c FILE"))
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	text, err := os.ReadFile(os.Args[3])
	fail(err)
	found := map[string]string{}
	for _, match := range address.FindAllStringSubmatch(string(text), -1) {
		found[match[1]] = match[2]
	}
	rpc, err := net.Listen("tcp", found["rpc"])
	fail(err)
	defer rpc.Close()
	status, err := net.Listen("tcp", found["status"])
	fail(err)
	http.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "[]") })
	go http.Serve(status, nil)
	<-stop
}
"""


def roadrunner(arch: str = "amd64") -> Path:
    """Stands in for RoadRunner's ``rr``, which cannot be built from packages alone.

    ``rr --version``; ``rr serve -c FILE`` with the addresses of the plugins ``rpc`` and ``status``,
    ``/health`` of the latter, and 0 after SIGTERM.
    """
    return go_build("rr", ROADRUNNER, goarch=arch)
