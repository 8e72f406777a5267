package io.quorate.engine.transfer;

import java.util.Arrays;

/**
 * Whom a fetch asks, and how much at once. Each source has a window of parts that may be under way: it grows by one with each
 * good answer and halves when one stays out, whose pause then doubles; a source that gave wrong bytes is asked no more in this
 * transfer. So many sources share the work, a fast one gets more of it, a slow or silent one costs little, and a lying one
 * costs what it lied about.
 */
final class Sources {
    static final int WINDOW_MAX = 16;
    private static final int WINDOW_FIRST = 4;
    private static final long LONG_AGO_NS = Long.MIN_VALUE / 2;

    private final int selfId;
    private final long pauseFirstNs;
    private final long pauseMaxNs;
    private final boolean[] allowed;
    private final boolean[] banned;
    private final int[] windows;
    private final int[] underWay;
    private final long[] pausesNs;
    private final long[] restUntilNs;
    private int turn;

    Sources(final int peerCount, final int selfId, final long pauseFirstNs, final long pauseMaxNs) {
        this.selfId = selfId;
        this.pauseFirstNs = pauseFirstNs;
        this.pauseMaxNs = pauseMaxNs;
        allowed = new boolean[peerCount];
        banned = new boolean[peerCount];
        windows = new int[peerCount];
        underWay = new int[peerCount];
        pausesNs = new long[peerCount];
        restUntilNs = new long[peerCount];
        forgive();
    }

    /** A transfer begins: everybody gets another chance. */
    void forgive() {
        Arrays.fill(banned, false);
        Arrays.fill(windows, WINDOW_FIRST);
        Arrays.fill(pausesNs, pauseFirstNs);
        Arrays.fill(restUntilNs, LONG_AGO_NS);
        // Fetchers that start together do not all begin with the same source.
        turn = selfId;
    }

    /** Another target: its sources are those whose bit is set; nothing is under way. */
    void allow(final long peers) {
        Arrays.fill(underWay, 0);
        for (int peerId = 0; peerId < allowed.length; peerId++) {
            allowed[peerId] = peerId != selfId && (peers >>> peerId & 1) != 0;
        }
        if (!isAnyLeft()) {
            // More liars than the group survives, or nobody named: better to ask everybody than nobody.
            Arrays.fill(banned, false);
            widen();
        }
    }

    /** None of those that were named gives anything: others may have the same bytes, whoever signed for them. */
    void widen() {
        Arrays.fill(allowed, true);
        allowed[selfId] = false;
    }

    private boolean isAnyLeft() {
        for (int peerId = 0; peerId < allowed.length; peerId++) {
            if (allowed[peerId] && !banned[peerId]) {
                return true;
            }
        }
        return false;
    }

    /** The next source in turn that may be asked for one part more, or -1. */
    int next(final long nowNs) {
        for (int i = 1; i <= allowed.length; i++) {
            final int peerId = (turn + i) % allowed.length;
            if (allowed[peerId]
                    && !banned[peerId]
                    && underWay[peerId] < windows[peerId]
                    && nowNs - restUntilNs[peerId] >= 0) {
                turn = peerId;
                return peerId;
            }
        }
        return -1;
    }

    long pauseNs(final int peerId) {
        return pausesNs[peerId];
    }

    void onAsked(final int peerId) {
        underWay[peerId]++;
    }

    void onAnswered(final int peerId) {
        underWay[peerId]--;
        windows[peerId] = Math.min(windows[peerId] + 1, WINDOW_MAX);
        // Slowly: a source whose round trip is longer than the first pause must not time out every other time.
        pausesNs[peerId] = Math.max(pauseFirstNs, pausesNs[peerId] - pausesNs[peerId] / 8);
    }

    /** A part did not come in time: less at once, more patience, and a rest once nothing else is under way. */
    void onTimeout(final int peerId, final long nowNs) {
        underWay[peerId]--;
        windows[peerId] = Math.max(1, windows[peerId] / 2);
        if (underWay[peerId] == 0) {
            restUntilNs[peerId] = nowNs + pausesNs[peerId];
            pausesNs[peerId] = Math.min(2 * pausesNs[peerId], pauseMaxNs);
        }
    }

    /** What it sent has another digest than it must: no honest peer does that. */
    void ban(final int peerId) {
        banned[peerId] = true;
        if (!isAnyLeft()) {
            Arrays.fill(banned, false);
        }
    }

    /** What was asked of it is not waited for any more. */
    void onWithdrawn(final int peerId) {
        underWay[peerId]--;
    }
}
