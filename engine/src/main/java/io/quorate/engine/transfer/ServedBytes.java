package io.quorate.engine.transfer;

import java.util.Arrays;

/** How many bytes of answers each peer got lately: fetches are small, answers are not, so a peer has a budget an interval. */
public final class ServedBytes {
    private final long bytesMax;
    private final long intervalNs;
    private final long[] sinceNs;
    private final long[] bytes;

    /** @param bytesMax for one peer in one interval */
    public ServedBytes(final int peerCount, final long bytesMax, final long intervalNs) {
        this.bytesMax = bytesMax;
        this.intervalNs = intervalNs;
        sinceNs = new long[peerCount];
        bytes = new long[peerCount];
        Arrays.fill(sinceNs, Long.MIN_VALUE / 2);
    }

    /** True if a peer may have so many bytes more now; they then count. */
    public boolean take(final int peerId, final int lengthBytes, final long nowNs) {
        if (nowNs - sinceNs[peerId] >= intervalNs) {
            sinceNs[peerId] = nowNs;
            bytes[peerId] = 0;
        }
        if (bytes[peerId] + lengthBytes > bytesMax) {
            return false;
        }
        bytes[peerId] += lengthBytes;
        return true;
    }
}
