// SPDX-License-Identifier: Apache-2.0
/*
 * Sends TCP segments that no kernel would send. One per line of standard input:
 *   SRC SPORT DST DPORT SEQ ACK FLAGS PAYLOAD_BYTES     addresses dotted, flags as a number
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define PAYLOAD_MAX 1000

struct packet {
	struct iphdr ip;
	struct tcphdr tcp;
	char payload[PAYLOAD_MAX];
};

int main(void)
{
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	char src[64], dst[64];
	unsigned int sport, dport, seq, ack, flags, payload;

	if (fd < 0) {
		perror("segments: raw socket");
		return 1;
	}
	while (scanf("%63s %u %63s %u %u %u %u %u", src, &sport, dst, &dport, &seq, &ack, &flags, &payload) == 8) {
		struct sockaddr_in to = { .sin_family = AF_INET };
		struct packet packet;
		size_t size = sizeof(packet.ip) + sizeof(packet.tcp) + payload;

		if (payload > PAYLOAD_MAX || !inet_aton(dst, &to.sin_addr))
			return 2;
		memset(&packet, 0, sizeof(packet));
		packet.ip.version = 4;
		packet.ip.ihl = 5;
		packet.ip.tot_len = htons(size);
		packet.ip.ttl = 64;
		packet.ip.protocol = IPPROTO_TCP;
		packet.ip.saddr = inet_addr(src);
		packet.ip.daddr = to.sin_addr.s_addr;
		packet.tcp.source = htons(sport);
		packet.tcp.dest = htons(dport);
		packet.tcp.seq = htonl(seq);
		packet.tcp.ack_seq = htonl(ack);
		packet.tcp.doff = 5;
		((uint8_t *)&packet.tcp)[13] = flags;
		if (sendto(fd, &packet, size, 0, (struct sockaddr *)&to, sizeof(to)) != (ssize_t)size) {
			perror("segments: sendto");
			return 1;
		}
	}
	return 0;
}
