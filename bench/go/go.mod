module bench.invalid/bench

go 1.21
