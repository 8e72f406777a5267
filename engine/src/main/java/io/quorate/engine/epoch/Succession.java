package io.quorate.engine.epoch;

import io.quorate.engine.metrics.Invariant;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.StateMachine;
import io.quorate.engine.pacing.Allowances;
import io.quorate.engine.pacing.CheckBudget;
import io.quorate.engine.transfer.PagedSnapshot;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.Roster;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.Verifier;
import java.util.Arrays;
import java.util.function.Function;
import org.agrona.DirectBuffer;

/**
 * How one peer gets from an epoch to the next (docs/protocols/reconfiguration.md, section 4). When the last checkpoint is stable
 * here it signs what follows, and says so until q have signed the same, or somebody shows that they have. From then on it knows
 * the next roster, keeps the proof, and gives it to whoever still speaks in this epoch. One thread, the consensus thread.
 */
public final class Succession implements EpochAdapter.Handler {
    private static final long LONG_AGO_NS = Long.MIN_VALUE / 2;

    /**
     * What the groups of both epochs share, and the pauses.
     *
     * @param clientWindow window of the client table
     * @param pageLength of states
     * @param carrierTo of the state machine's part of a state, into the roster that follows
     * @param retransmitNs first pause before the own handover is said again, and between two answers to one peer
     * @param retransmitMaxNs cap of the doubling of that pause
     * @param uselessChecksMax signature checks that a peer may have made for nothing at once
     * @param uselessCheckNs in which one of them comes back
     */
    public record Settings(
            int clientWindow,
            int pageLength,
            Function<Roster, StateMachine.Carrier> carrierTo,
            long retransmitNs,
            long retransmitMaxNs,
            int uselessChecksMax,
            long uselessCheckNs) {
        CheckBudget budget(final Verifier verifier, final int selfId, final int peerCount) {
            final Allowances allowances = new Allowances(peerCount, uselessChecksMax, uselessCheckNs);
            return new CheckBudget(verifier, selfId, allowances, () -> {});
        }
    }

    private final Roster current;
    private final int selfId;
    private final Signer signer;
    private final CheckBudget verifier;
    private final EpochPublisher publisher;
    private final Settings settings;
    private final byte[] openedBy;
    private final long[] answerAtNs;
    private OpeningState opening;
    private Handover own;
    private byte[] signature;
    private HandoverVotes votes;
    private HandoverCertificate certificate;
    private byte[] proof;
    private long sendAtNs = LONG_AGO_NS;
    private long sendPauseNs;

    /**
     * Of an epoch that goes on.
     *
     * @param current its roster
     * @param selfId this peer's id in it
     * @param signer with this peer's key in it
     * @param verifier with the keys of that roster
     * @param openedBy what opened this epoch; null in the first
     */
    public Succession(
            final Roster current,
            final int selfId,
            final Signer signer,
            final Verifier verifier,
            final EpochPublisher publisher,
            final Settings settings,
            final HandoverCertificate openedBy) {
        this.current = current;
        this.selfId = selfId;
        this.signer = signer;
        this.verifier = settings.budget(verifier, selfId, current.size());
        this.publisher = publisher;
        this.settings = settings;
        this.openedBy = openedBy == null ? null : openedBy.encode();
        answerAtNs = new long[current.size()];
        Arrays.fill(answerAtNs, LONG_AGO_NS);
    }

    /** Of an epoch that is over: this peer opened a later one in an earlier life, and shows the proof. */
    public static Succession ended(
            final Roster current,
            final int selfId,
            final Signer signer,
            final Verifier verifier,
            final EpochPublisher publisher,
            final Settings settings,
            final HandoverCertificate openedBy,
            final HandoverCertificate end) {
        final Succession over = new Succession(current, selfId, signer, verifier, publisher, settings, openedBy);
        over.end(end);
        return over;
    }

    /** The roster of the epoch. */
    public Roster roster() {
        return current;
    }

    /** True once this peer knows from its own state what follows: from then on it answers no reads in this epoch. */
    public boolean isClosed() {
        return own != null;
    }

    /** True once it is proven what follows: this peer's part in the epoch is over. */
    public boolean isEnded() {
        return certificate != null;
    }

    /** Proof of what follows, or null. */
    public HandoverCertificate certificate() {
        return certificate;
    }

    /** What the next epoch begins with; null if this peer never had the closing state. */
    public OpeningState opening() {
        return opening;
    }

    /**
     * The last checkpoint of the epoch is stable here, with this state. The proof may have come first, in the same turn: the state
     * is taken nevertheless, since those who have signed it must be able to show it.
     */
    public void close(final PagedSnapshot closing, final long nowNs) {
        if (isClosed()) {
            return;
        }
        opening = OpeningState.of(
                current,
                settings.clientWindow(),
                settings.carrierTo(),
                closing.buffer(),
                closing.offset(),
                closing.lengthBytes());
        Invariant.check(
                opening.sequence() == closing.sequence(),
                "an opening state is made from the closing state",
                opening.sequence(),
                closing.sequence());
        final Digest256 digest = opening.stateDigest(new Digest(), settings.pageLength());
        own = Handover.of(opening, digest);
        if (isEnded()) {
            requireOneSuccessor(certificate);
            return;
        }
        signature = own.sign(signer);
        votes = new HandoverVotes(current, verifier, opening, own);
        sendPauseNs = settings.retransmitNs();
        sendAtNs = nowNs + sendPauseNs;
        publisher.handover(own, signature);
        verifier.speaker(selfId, nowNs);
        count(selfId, own, signature);
    }

    @Override
    public void onHandover(
            final int senderId, final Handover handover, final byte[] handoverSignature, final long nowNs) {
        if (votes != null && !isEnded()) {
            verifier.speaker(senderId, nowNs);
            count(senderId, handover, handoverSignature);
        }
    }

    private void count(final int senderId, final Handover handover, final byte[] handoverSignature) {
        if (votes.onHandover(senderId, handover, handoverSignature) && votes.certificate() != null) {
            end(votes.certificate());
        }
    }

    /** Of this epoch: proof of what follows. What opened the epoch comes too, to who asked more than one; it says nothing new. */
    @Override
    public void onCertificate(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        if (isEnded()
                || lengthBytes < Handover.LENGTH
                || Handover.read(buffer, offset).isTo(current)) {
            return;
        }
        verifier.speaker(senderId, nowNs);
        final HandoverCertificate found = HandoverCertificate.verified(current, verifier, buffer, offset, lengthBytes);
        if (found == null) {
            verifier.charge();
            return;
        }
        requireOneSuccessor(found);
        end(found);
    }

    private void requireOneSuccessor(final HandoverCertificate found) {
        Invariant.check(
                own == null || own.equals(found.handover()),
                "an epoch has one successor",
                own == null ? 0 : own.sequence(),
                found.handover().sequence());
    }

    /** What this peer learned in an earlier life: as if somebody had shown it, before anybody else speaks. */
    public void remember(final HandoverCertificate known) {
        requireOneSuccessor(known);
        end(known);
    }

    private void end(final HandoverCertificate found) {
        certificate = found;
        proof = found.encode();
    }

    /** A peer asks what opened this epoch. */
    @Override
    public void onFetch(final int senderId, final long epoch, final long nowNs) {
        if (openedBy != null && epoch == current.epoch() && mayAnswer(senderId, nowNs)) {
            publisher.certificate(senderId, openedBy);
        }
    }

    /** A peer speaks in this epoch after it has ended here: it gets the proof, at most once a pause. Who joins it late asks first. */
    public void onLateMessage(final int senderId, final long nowNs) {
        if (isEnded() && mayAnswer(senderId, nowNs)) {
            publisher.certificate(senderId, proof);
        }
    }

    private boolean mayAnswer(final int senderId, final long nowNs) {
        if (senderId == selfId || nowNs - answerAtNs[senderId] < 0) {
            return false;
        }
        answerAtNs[senderId] = nowNs + settings.retransmitNs();
        return true;
    }

    /** Says the own handover again, with growing pauses, while it is not known to be certified. */
    public void onTick(final long nowNs) {
        if (own != null && !isEnded() && nowNs - sendAtNs >= 0) {
            sendPauseNs = Math.min(2 * sendPauseNs, settings.retransmitMaxNs());
            sendAtNs = nowNs + sendPauseNs;
            publisher.handover(own, signature);
        }
    }
}
