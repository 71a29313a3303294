module rr-explorer/standin

go 1.22
