package io.quorate.engine.pacing;

import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.auth.Verifier;
import org.agrona.DirectBuffer;

/**
 * A verifier that a peer cannot keep busy with forgeries: each signature that does not hold costs the peer that handed it in,
 * whoever is said to have signed it, and a peer that has nothing left is not checked for any more until some comes back. Correct
 * peers check what they pass on, so they never pay; a signature that holds is free, unless the caller charges for it.
 *
 * <p>Checking is the dearest thing a message can ask for (about 50 us an Ed25519 signature against well under 1 us for the
 * rest), which is why it has a budget of its own (Clement et al., Aardvark, NSDI 2009, on work that a faulty peer can cause).
 */
public final class CheckBudget implements Verifier {
    private final Verifier verifier;
    private final Allowances allowances;
    private final int selfId;
    private int speakerId;
    private long nowNs;
    private final Runnable onRefused;

    /**
     * @param allowances of useless checks a peer
     * @param onRefused called for each signature that is not checked for want of budget
     */
    public CheckBudget(
            final Verifier verifier, final int selfId, final Allowances allowances, final Runnable onRefused) {
        this.verifier = verifier;
        this.selfId = selfId;
        this.allowances = allowances;
        this.onRefused = onRefused;
        speakerId = selfId;
    }

    /** From now on checks are on account of this peer: it sent the message in hand. The peer itself pays nothing. */
    public void speaker(final int peerId, final long atNs) {
        speakerId = peerId;
        nowNs = atNs;
    }

    /** True if a check may be made on the speaker's account. */
    public boolean mayCheck() {
        return speakerId == selfId || allowances.has(speakerId, nowNs);
    }

    /** The speaker made work that came to nothing, though the signature may hold. */
    public void charge() {
        if (speakerId != selfId) {
            allowances.take(speakerId, nowNs);
        }
    }

    @Override
    public boolean verify(
            final int peerId,
            final SigningDomain domain,
            final DirectBuffer content,
            final int offset,
            final int lengthBytes,
            final DirectBuffer signature,
            final int signatureOffset) {
        if (!mayCheck()) {
            onRefused.run();
            return false;
        }
        final boolean holds = verifier.verify(peerId, domain, content, offset, lengthBytes, signature, signatureOffset);
        if (!holds) {
            charge();
        }
        return holds;
    }
}
