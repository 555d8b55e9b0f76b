// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The hooks of hop.bpf.c with nothing in them: what they cost by themselves. Loaded by the same loader
 * (--object), which finds programs and maps by name.
 */
#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include "settings.h"
#include "maps.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define EMPTY_TRACEPOINT(name, tracepoint) \
	SEC("tp_btf/" tracepoint)          \
	int name(void *context)            \
	{                                  \
		return 0;                  \
	}

EMPTY_TRACEPOINT(on_receive, "netif_receive_skb")
EMPTY_TRACEPOINT(on_transmit, "net_dev_queue")
EMPTY_TRACEPOINT(on_drop, "kfree_skb")
EMPTY_TRACEPOINT(on_socket_state, "inet_sock_set_state")
EMPTY_TRACEPOINT(on_socket_read, "sock_recv_length")
EMPTY_TRACEPOINT(on_socket_write, "sock_send_length")

#define EMPTY_FILTER(name, direction) \
	SEC("cgroup_skb/" direction)  \
	int name(struct __sk_buff *skb) \
	{                             \
		return 1;             \
	}

EMPTY_FILTER(on_socket_ingress, "ingress")
EMPTY_FILTER(on_payload_received, "ingress")
EMPTY_FILTER(on_payload_sent, "egress")
