package io.quorate.engine.node;

import io.quorate.engine.gossip.VectorGossip;
import io.quorate.engine.membership.MemberTable;
import io.quorate.engine.membership.MembershipContext;
import io.quorate.transport.Transport;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.Verifier;
import java.util.random.RandomGenerator;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;

/** What a {@link MeshNode} is made of; all but clock, fanout and listener is required. {@link #conclude()} checks and freezes. */
public final class MeshNodeContext {
    private MembershipContext membership;
    private Transport transport;
    private Signer signer;
    private Verifier verifier;
    private RandomGenerator random;
    private NanoClock clock = SystemNanoClock.INSTANCE;
    private int fanout = 4;
    private VectorGossip.Settings vectors;
    private VectorListener vectorListener = (session, state, neighbours) -> {};
    private AnnouncementListener listener = (originId, number, buffer, offset, lengthBytes) -> {};
    private MemberTable.Listener stateListener = (memberId, before, after, nowNs) -> {};
    private boolean isConcluded;

    /** Concluded. */
    public MeshNodeContext membership(final MembershipContext value) {
        changing();
        membership = value;
        return this;
    }

    public MembershipContext membership() {
        return membership;
    }

    /** Its own; closed with the node. Best with links on demand. */
    public MeshNodeContext transport(final Transport value) {
        changing();
        transport = value;
        return this;
    }

    public Transport transport() {
        return transport;
    }

    /** With the key of this member. */
    public MeshNodeContext signer(final Signer value) {
        changing();
        signer = value;
        return this;
    }

    public Signer signer() {
        return signer;
    }

    /** With the keys of all members. */
    public MeshNodeContext verifier(final Verifier value) {
        changing();
        verifier = value;
        return this;
    }

    public Verifier verifier() {
        return verifier;
    }

    /** Seeded; nobody outside should be able to foresee it. */
    public MeshNodeContext random(final RandomGenerator value) {
        changing();
        random = value;
        return this;
    }

    public RandomGenerator random() {
        return random;
    }

    /** Monotonic. */
    public MeshNodeContext clock(final NanoClock value) {
        changing();
        clock = value;
        return this;
    }

    public NanoClock clock() {
        return clock;
    }

    /** Members that an announcement is passed on to at once; 4, allowed are 1 to 16. */
    public MeshNodeContext fanout(final int value) {
        changing();
        fanout = value;
        return this;
    }

    public int fanout() {
        return fanout;
    }

    /**
     * Lets members pull vectors together ({@link MeshNode#fuse}); equal on all members but for the patience, and without it they do not.
     * Each member averages with 2f + 1 others, or with one more where n and that number are odd, so {@code neighboursMax} is at least
     * 2f + 2.
     */
    public MeshNodeContext vectors(final VectorGossip.Settings value) {
        changing();
        vectors = value;
        return this;
    }

    /** Null if members do not pull vectors together. */
    public VectorGossip.Settings vectors() {
        return vectors;
    }

    /** Gets the state that this member ends with, on the node's thread. */
    public MeshNodeContext vectorListener(final VectorListener value) {
        changing();
        vectorListener = value;
        return this;
    }

    VectorListener vectorListener() {
        return vectorListener;
    }

    /** Hears of each new announcement, on the node's thread. */
    public MeshNodeContext listener(final AnnouncementListener value) {
        changing();
        listener = value;
        return this;
    }

    AnnouncementListener listener() {
        return listener;
    }

    /** Hears of each change of what this node holds of a member, on the node's thread. */
    public MeshNodeContext stateListener(final MemberTable.Listener value) {
        changing();
        stateListener = value;
        return this;
    }

    MemberTable.Listener stateListener() {
        return stateListener;
    }

    /** @throws IllegalArgumentException naming what is missing */
    public MeshNodeContext conclude() {
        changing();
        require(membership, "membership");
        require(transport, "transport");
        require(signer, "signer");
        require(verifier, "verifier");
        require(random, "random");
        require(clock, "clock");
        require(listener, "listener");
        require(stateListener, "stateListener");
        require(vectorListener, "vectorListener");
        if (vectors != null && vectors.neighboursMax() < 2 * vectors.faultyMax() + 2) {
            throw new IllegalArgumentException(
                    "vectors with up to " + vectors.faultyMax() + " liars among the neighbours" + " have at least "
                            + (2 * vectors.faultyMax() + 2) + " neighboursMax, given " + vectors.neighboursMax());
        }
        isConcluded = true;
        return this;
    }

    boolean isConcluded() {
        return isConcluded;
    }

    private static void require(final Object value, final String name) {
        if (value == null) {
            throw new IllegalArgumentException("a mesh node needs: " + name);
        }
    }

    private void changing() {
        if (isConcluded) {
            throw new IllegalStateException("the context is concluded and can no longer be changed");
        }
    }
}
