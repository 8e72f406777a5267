package io.quorate.engine.metrics;

import java.util.List;
import java.util.Map;

/**
 * What a peer says of itself at one moment. Immutable.
 *
 * @param group first 16 hex digits of the group id
 * @param epoch of the roster
 * @param primaryId who proposes the order in {@code view}
 * @param isVoting false while the peer recovers from a restart without its journal
 * @param committedSequence everything up to here has committed at this peer
 * @param stableSequence of the newest stable checkpoint
 * @param stableDigest of the state at that checkpoint, in hex; empty before the first
 * @param rounds recently closed rounds, the newest last
 * @param kernelName which kernels run, {@code kernelBits} their vector width
 * @param cryptoProvider who signs and verifies
 * @param decisionP50Ns median latency of this peer's certified decisions, 0 before the first
 * @param counters by name
 */
public record EngineStatus(
        int peerId,
        String peerName,
        int peerCount,
        String group,
        long epoch,
        long view,
        int primaryId,
        boolean isVoting,
        long committedSequence,
        long stableSequence,
        String stableDigest,
        List<ClosedRound> rounds,
        String kernelName,
        int kernelBits,
        String cryptoProvider,
        long decisionP50Ns,
        long decisionP99Ns,
        Map<String, Long> counters) {
    /**
     * A round that this peer knows to be closed.
     *
     * @param digest SHA-256 of its decision, in hex
     */
    public record ClosedRound(String round, long sequence, String status, String digest) {}
}
