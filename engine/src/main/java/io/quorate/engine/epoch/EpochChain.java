package io.quorate.engine.epoch;

import io.quorate.transport.auth.Roster;
import io.quorate.transport.auth.Verifier;
import java.util.function.Function;
import org.agrona.DirectBuffer;

/**
 * How a peer that trusts one roster comes to trust later ones: certificate by certificate, each judged with the keys of the roster
 * before (docs/protocols/reconfiguration.md, section 4). It never goes back, nor to another successor. One thread.
 */
public final class EpochChain {
    private final Function<Roster, Verifier> verifiers;
    private Roster newest;
    private HandoverCertificate last;

    /**
     * Begins at a roster that the operator vouches for.
     *
     * @param verifiers makes a verifier with the keys of a roster
     */
    public EpochChain(final Roster trusted, final Function<Roster, Verifier> verifiers) {
        newest = trusted;
        this.verifiers = verifiers;
    }

    /** The newest roster that is proven. */
    public Roster newest() {
        return newest;
    }

    /** What opened the newest epoch, or null at the first. */
    public HandoverCertificate last() {
        return last;
    }

    /** Takes a certificate that ends the newest epoch; false, and nothing changes, if it is none. */
    public boolean follow(final DirectBuffer buffer, final int offset, final int lengthBytes) {
        final HandoverCertificate found =
                HandoverCertificate.verified(newest, verifiers.apply(newest), buffer, offset, lengthBytes);
        final boolean isLater = found != null
                && (last == null
                        || found.handover().sequence() > last.handover().sequence());
        if (isLater) {
            last = found;
            newest = found.next();
        }
        return isLater;
    }
}
