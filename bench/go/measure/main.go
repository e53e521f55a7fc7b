// measure runs a command and prints what the kernel counted for it, as one JSON line on stderr:
// {"wallMs","cpuMs","maxRssKiB","majorFaults","exit"}. Node's child_process does not hand out a child's rusage.
package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"syscall"
	"time"
)

func main() {
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Stdin = nil
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if cmd.ProcessState == nil {
		panic(err)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	json.NewEncoder(os.Stderr).Encode(map[string]any{
		"wallMs":      float64(wall.Microseconds()) / 1000,
		"cpuMs":       float64((cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Microseconds()) / 1000,
		"maxRssKiB":   usage.Maxrss,
		"majorFaults": usage.Majflt,
		"exit":        cmd.ProcessState.ExitCode(),
	})
}
