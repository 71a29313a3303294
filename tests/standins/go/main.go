// A stand-in for RoadRunner's server: says which release it stands in for, as that one would, and does nothing else.
package main

import (
	"os"
	"runtime"
	"strings"
)

// Set by -ldflags -X; with -trimpath Go does not record them in the build info, nor does RoadRunner's build.
var (
	version   = "0"
	buildTime = "1970-01-01T00:00:00+0000"
)

func main() {
	name := strings.TrimSuffix(os.Args[0][strings.LastIndexAny(os.Args[0], `/\`)+1:], ".exe")
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		touchC()
		os.Stdout.WriteString(name + " version " + version + " (build time: " + buildTime + ", " + runtime.Version() +
			"), OS: " + runtime.GOOS + ", arch: " + runtime.GOARCH + "\n")
		return
	}
	os.Stderr.WriteString("stand-in built for rr-explorer, not RoadRunner; it knows --version only\n")
	os.Exit(1)
}
