// The floor of any program on this machine: a static executable that prints one word.
package main

import "fmt"

func main() { fmt.Println("hello") }
