package io.quorate.engine.epoch;

import io.quorate.engine.pacing.CheckBudget;
import io.quorate.transport.auth.Roster;
import io.quorate.transport.auth.Verifier;
import java.util.Arrays;
import org.agrona.DirectBuffer;

/**
 * A peer of an epoch that has not seen it open: a newcomer, or one that has lost its memory. It asks the others for the
 * certificate, and judges it with the keys of the epoch before, whose roster it trusts as it trusts that of its own
 * (docs/protocols/reconfiguration.md, section 4). One thread, the consensus thread.
 */
public final class Joining implements EpochAdapter.Handler {
    private final Roster before;
    private final Roster joined;
    private final CheckBudget verifier;
    private final EpochPublisher publisher;
    private final Succession.Settings settings;
    private HandoverCertificate certificate;
    private long sendAtNs = Long.MIN_VALUE / 2;
    private long sendPauseNs;

    /**
     * Begins to ask at the first tick.
     *
     * @param before roster of the epoch before
     * @param verifier with the keys of that roster
     * @param joined roster of the epoch whose peer this is
     * @param selfId this peer's id in it
     * @param publisher to its peers
     */
    public Joining(
            final Roster before,
            final Verifier verifier,
            final Roster joined,
            final int selfId,
            final EpochPublisher publisher,
            final Succession.Settings settings) {
        RosterStep.between(before, joined);
        this.before = before;
        this.joined = joined;
        this.verifier = settings.budget(verifier, selfId, joined.size());
        this.publisher = publisher;
        this.settings = settings;
        sendPauseNs = settings.retransmitNs() / 2;
    }

    /** What opened the epoch; null while nobody has shown it. */
    public HandoverCertificate certificate() {
        return certificate;
    }

    @Override
    public void onHandover(final int senderId, final Handover handover, final byte[] signature, final long nowNs) {
        // Of the end of an epoch that has not begun here.
    }

    @Override
    public void onCertificate(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        if (certificate != null) {
            return;
        }
        verifier.speaker(senderId, nowNs);
        final HandoverCertificate found = HandoverCertificate.verified(before, verifier, buffer, offset, lengthBytes);
        if (found != null && Arrays.equals(found.next().groupId(), joined.groupId())) {
            certificate = found;
        } else {
            verifier.charge();
        }
    }

    @Override
    public void onFetch(final int senderId, final long epoch, final long nowNs) {
        // Who asks is answered by those who know.
    }

    /** Asks, with growing pauses. */
    public void onTick(final long nowNs) {
        if (certificate == null && nowNs - sendAtNs >= 0) {
            sendPauseNs = Math.min(2 * sendPauseNs, settings.retransmitMaxNs());
            sendAtNs = nowNs + sendPauseNs;
            publisher.fetch(joined.epoch());
        }
    }
}
