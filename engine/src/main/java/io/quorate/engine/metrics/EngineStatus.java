package io.quorate.engine.metrics;

import java.util.List;
import java.util.Map;

/**
 * What a peer says of itself at one moment. Immutable.
 *
 * @param group first 16 hex digits of the group id
 * @param epoch of the roster
 * @param progress on the way to the next epoch
 * @param primaryId who proposes the order in {@code view}
 * @param isVoting false while the peer recovers from a restart without its journal
 * @param committedSequence everything up to here has committed at this peer
 * @param stableSequence of the newest stable checkpoint
 * @param stableDigest of the state at that checkpoint, in hex; empty before the first
 * @param rounds recently closed rounds, the newest last
 * @param accusations what is proven against peers by two signed statements that conflict
 * @param mesh how it sees the other peers
 * @param health how its group and its network do
 * @param kernelName which kernels run, {@code kernelBits} their vector width
 * @param cryptoProvider who signs and verifies
 * @param decisionP50Ns median latency of this peer's certified decisions, 0 before the first
 * @param journal how durable what it says is
 * @param counters by name
 */
public record EngineStatus(
        int peerId,
        String peerName,
        int peerCount,
        String group,
        long epoch,
        Epoch progress,
        long view,
        int primaryId,
        boolean isVoting,
        long committedSequence,
        long stableSequence,
        String stableDigest,
        List<ClosedRound> rounds,
        List<Accusation> accusations,
        Mesh mesh,
        Health health,
        String kernelName,
        int kernelBits,
        String cryptoProvider,
        long decisionP50Ns,
        long decisionP99Ns,
        Journal journal,
        Map<String, Long> counters) {
    /**
     * A round that this peer knows to be closed.
     *
     * @param digest SHA-256 of its decision, in hex
     */
    public record ClosedRound(String round, long sequence, String status, String digest) {}

    /**
     * Where a peer stands in its epoch.
     *
     * @param state "joins": looks for the proof that it has begun; "fetches": lacks the state that it began with; "open"; "ends": a
     *     step was accepted; "closed": everything up to the end is done here, the others are waited for; "over": the next one
     *     has begun, and is being opened here; "left": it has begun without this peer
     * @param endSequence the last one of the epoch; 0 while it has no end
     * @param next the epoch that has begun; 0 before
     */
    public record Epoch(String state, long endSequence, long next) {}

    /**
     * The journal of a peer.
     *
     * @param found what the start made of an earlier journal, in words
     * @param state "memory-only", "writes", or "failed": then no vote leaves until the disk works again
     * @param number of the newest entry that the protocol wrote down
     * @param durableNumber of the newest entry that a crash cannot take away
     * @param records written since the start, {@code bytes} in them
     * @param forced how often a group of records was forced to the disk
     * @param lost entries that found no room; a new base took their place
     * @param failures of the disk
     * @param failure the newest one in words, empty while it works
     */
    public record Journal(
            String found,
            String state,
            long number,
            long durableNumber,
            long records,
            long forced,
            long bytes,
            long lost,
            long failures,
            String failure) {
        /** No journal: everything is in memory only. */
        public static Journal none() {
            return new Journal("none", "memory-only", 0, 0, 0, 0, 0, 0, 0, "");
        }

        /** The same, as the protocol's side sees it now. */
        public Journal with(final long newNumber, final long newDurableNumber, final long newLost) {
            return new Journal(
                    found, state, newNumber, newDurableNumber, records, forced, bytes, newLost, failures, failure);
        }
    }

    /**
     * How a peer sees its group.
     *
     * @param profile "off", or the profile of its failure detection
     * @param isWritable false while it does not reach a quorum
     * @param refusal why not, in words; else empty
     * @param distrust how much it distrusts itself, 0 to 8
     * @param members by peer id, itself included
     */
    public record Mesh(String profile, boolean isWritable, String refusal, int distrust, List<Member> members) {
        /** Nobody is known. */
        public static Mesh none() {
            return new Mesh("off", true, "", 0, List.of());
        }
    }

    /**
     * A peer as another one sees it.
     *
     * @param state "unwatched", or of membership: "unknown", "alive", "suspect", "faulty", "left"
     * @param isReached the last ping of it was answered
     * @param incarnation of its newest record; 0 if none has come
     * @param reputation 0 to 1000
     * @param roundTripNs of the newest ping that was answered in time; 0 before the first
     * @param votedSequence the newest sequence that it voted for
     */
    public record Member(
            int peerId,
            String name,
            String state,
            boolean isReached,
            long incarnation,
            int reputation,
            long roundTripNs,
            long votedSequence) {}

    /** A histogram in short; all 0 while nothing is recorded. */
    public record Latency(long count, long p50Ns, long p99Ns, long maxNs) {
        /** Nothing was recorded. */
        public static final Latency NONE = new Latency(0, 0, 0, 0);

        public static Latency of(final LatencyRecorder recorder) {
            return new Latency(
                    recorder.count(), recorder.percentileNs(50), recorder.percentileNs(99), recorder.percentileNs(100));
        }
    }

    /**
     * How a group and its network do, as one peer sees it; docs/protocols/membership.md, section 13.
     *
     * @param reached peers that answer, itself included
     * @param message from ping to ack
     * @param requestsPerSecond executed, over the last ten seconds
     * @param splits how often a quorum was lost
     * @param readOnly how long splits lasted that are over
     * @param heal from the first sign of somebody lost to a quorum
     * @param viewChange from the last vote in a view to the beginning of the next
     * @param viewAgeNs how long the view has lasted
     * @param participationPermille votes that came of those that could, between the last two stable checkpoints
     * @param toleranceLeft f less the peers that are gone, doubted, proven liars or without a vote; below 0 the group is not safe from liars
     */
    public record Health(
            int reached,
            Latency message,
            double requestsPerSecond,
            long splits,
            Latency readOnly,
            Latency heal,
            Latency viewChange,
            long viewAgeNs,
            int participationPermille,
            int faultyMax,
            int toleranceLeft) {
        /** Nothing has happened. */
        public static Health none() {
            return new Health(0, Latency.NONE, 0, 0, Latency.NONE, Latency.NONE, Latency.NONE, 0, 1000, 0, 0);
        }
    }

    /**
     * A conflict between two statements that one peer signed.
     *
     * @param kind of the statements
     * @param view of two pre-prepares, 0 for checkpoints
     */
    public record Accusation(int peerId, String kind, long view, long sequence) {}
}
