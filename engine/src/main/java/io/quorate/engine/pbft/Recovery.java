package io.quorate.engine.pbft;

import io.quorate.engine.metrics.Invariant;
import io.quorate.engine.metrics.PbftCounter;
import io.quorate.transport.auth.Signer;
import java.util.Arrays;

/**
 * The vote of a replica that restarted without its log (docs/protocols/pbft.md, "Amnesia"; after the estimation of Castro's
 * thesis, section 4.3.2). It asks the others for their stable checkpoints with proof; M is the highest proven one of q others,
 * plus L; it votes again once a checkpoint is stable at or above M + L, for it cannot have voted above that.
 *
 * <p>Also the other side: which peers are without a vote, and how far an idle primary therefore orders null batches.
 */
final class Recovery {
    private static final int PAUSE_DOUBLINGS_MAX = 6;
    private static final long VOICED = Long.MIN_VALUE;

    private final PbftReplica replica;
    private final long[] answers;
    private final long[] grants;
    private final long[] pausedUntilNs;
    private final long[] voicelessSinceNs;
    private final int[] grantCounts;
    private boolean hasVote;
    private long nonce;
    private long target = -1;
    private long queryAtNs = PbftContext.LONG_AGO_NS;
    private long nullAtNs = PbftContext.LONG_AGO_NS;

    Recovery(final PbftReplica replica) {
        this.replica = replica;
        final PbftContext context = replica.context;
        hasVote = context.isFirstStart();
        nonce = context.random().nextLong();
        answers = new long[context.peerCount()];
        Arrays.fill(answers, -1);
        grants = new long[context.peerCount()];
        pausedUntilNs = new long[context.peerCount()];
        Arrays.fill(pausedUntilNs, PbftContext.LONG_AGO_NS);
        grantCounts = new int[context.peerCount()];
        voicelessSinceNs = new long[context.peerCount()];
        Arrays.fill(voicelessSinceNs, VOICED);
    }

    boolean hasVote() {
        return hasVote;
    }

    /** Without the state that the epoch begins with, a vote cannot be used: there is nothing to vote on top of. */
    boolean isVoting() {
        return hasVote && !replica.opening.isAwaited();
    }

    /** The journal knows whether this replica had its vote. */
    void remember(final boolean newHasVote) {
        hasVote = newHasVote;
    }

    /** The checkpoint that must be stable before this replica votes; 0 while not known. */
    long target() {
        return Math.max(0, target);
    }

    void onTick(final long nowNs) {
        if (!hasVote && target < 0 && nowNs - queryAtNs >= 0) {
            queryAtNs = nowNs + replica.context.retransmitMaxNs();
            for (int peerId = 0; peerId < answers.length; peerId++) {
                if (peerId != replica.selfId && answers[peerId] < 0) {
                    replica.publisher.recoveryQuery(peerId, nonce);
                }
            }
        }
    }

    void onQuery(final int senderId, final long queryNonce) {
        // A replica without a vote attests nothing: it may know less than it did.
        final int length = replica.context.peerCount() * Signer.SIGNATURE_LENGTH;
        if (isVoting() && replica.transfer.mayServe(senderId, length)) {
            replica.publisher.recoveryAnswer(senderId, queryNonce, replica.checkpoints.stable());
        }
    }

    void onAnswer(final int senderId, final long answerNonce, final Checkpoints.Certificate certificate) {
        if (hasVote || target >= 0 || answerNonce != nonce || answers[senderId] >= 0) {
            replica.counters.increment(PbftCounter.DROPPED_UNWANTED);
            return;
        }
        if (!replica.checkpoints.onCertificate(certificate)) {
            return;
        }
        answers[senderId] = certificate.sequence();
        int count = 0;
        long highest = 0;
        for (final long answer : answers) {
            count += answer >= 0 ? 1 : 0;
            highest = Math.max(highest, answer);
        }
        if (count >= Math.min(replica.quorum.quorum(), answers.length - 1)) {
            target = highest + 2L * replica.context.windowLength();
            onStable(replica.log.low());
        }
    }

    void onStable(final long low) {
        if (!hasVote && target >= 0 && low >= target) {
            Invariant.check(replica.log.executedSequence() >= low, "a vote comes back with its state");
            hasVote = true;
            replica.onVotingAgain(low);
        }
        for (int peerId = 0; peerId < grants.length; peerId++) {
            if (grants[peerId] > 0 && low >= grants[peerId]) {
                grants[peerId] = 0;
            }
        }
    }

    /** A peer says whether it has a vote, and if not, which checkpoint must be stable first. */
    void onPeerStatus(final int peerId, final boolean isWithoutVote, final long peerTarget, final long nowNs) {
        if (!isWithoutVote) {
            voicelessSinceNs[peerId] = VOICED;
            return;
        }
        voicelessSinceNs[peerId] = voicelessSinceNs[peerId] == VOICED ? nowNs : voicelessSinceNs[peerId];
        final long low = replica.log.low();
        final boolean isPlausible = peerTarget > low && peerTarget <= low + 3L * replica.context.windowLength();
        if (isPlausible && peerTarget != grants[peerId] && nowNs - pausedUntilNs[peerId] >= 0) {
            grants[peerId] = peerTarget;
            // Doubled each time, so that a liar's claims cost less and less.
            pausedUntilNs[peerId] = nowNs + (replica.context.recoveryPauseNs() << grantCounts[peerId]);
            grantCounts[peerId] = Math.min(grantCounts[peerId] + 1, PAUSE_DOUBLINGS_MAX);
        }
    }

    /** True if a peer has said for some time that it has no vote; such a primary orders nothing. */
    boolean isVoiceless(final int peerId, final long forNs, final long nowNs) {
        return voicelessSinceNs[peerId] != VOICED && nowNs - voicelessSinceNs[peerId] >= forNs;
    }

    /** True if some peer gets its vote back, or the epoch its end, only if the group moves on. */
    boolean isAwaited() {
        if (replica.log.isFilledUpTo(replica.log.committedSequence() + 1)) {
            return true;
        }
        for (final long grant : grants) {
            if (grant > 0) {
                return true;
            }
        }
        return false;
    }

    /** True if an idle primary should order a null batch at this sequence now; counts the pause from this call. */
    boolean takeNull(final long sequence, final long nowNs) {
        if (nowNs - nullAtNs < 0) {
            return false;
        }
        if (replica.log.isFilledUpTo(sequence)) {
            nullAtNs = nowNs + replica.context.nullIntervalNs();
            return true;
        }
        for (final long grant : grants) {
            if (sequence <= grant) {
                nullAtNs = nowNs + replica.context.nullIntervalNs();
                return true;
            }
        }
        return false;
    }
}
