package io.quorate.peer.demo;

import java.util.List;
import java.util.Map;

/** What a demo tells while it runs; calls come in the order of events, from one thread. */
interface DemoReport {
    /** A command line of this program that the demo runs now, or starts as a process. */
    void command(List<String> arguments);

    /** A peer process listens. */
    void ready(Map<String, ?> ready, long pid);

    /** What the peers of a round will say. */
    void question(String round, List<DemoRound.Part> parts);

    /** All peers that took part decided this, and hold equal digests. */
    void decision(Map<String, Object> decision, int peersWithThisDigest);

    /** A certificate was checked without the group. */
    void verified(String answer);

    /** A peer got SIGKILL. */
    void killed(int peerId, long pid, boolean wasPrimary);

    /** Its successor process listens. */
    void restarted(int peerId, long pid);

    /** The restarted peer holds the digests of the others, but does not vote yet. */
    void following(int peerId, long afterNanos, Map<String, ?> round);

    /** The restarted peer votes again. */
    void caughtUp(int peerId, long caughtUpNanos, long votingNanos, Map<String, ?> round);

    /** Everything is stopped and removed. */
    void done(int peers, int rounds, long durationNanos);
}
