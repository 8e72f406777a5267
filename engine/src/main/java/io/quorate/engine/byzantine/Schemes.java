package io.quorate.engine.byzantine;

import io.quorate.transport.Outbox;
import io.quorate.transport.codecs.CheckpointDecoder;
import io.quorate.transport.codecs.CommitDecoder;
import io.quorate.transport.codecs.CommittedDecoder;
import io.quorate.transport.codecs.HandoverDecoder;
import io.quorate.transport.codecs.NewViewDecoder;
import io.quorate.transport.codecs.PrePrepareDecoder;
import io.quorate.transport.codecs.PrepareDecoder;
import io.quorate.transport.codecs.ViewChangeDecoder;
import org.agrona.DirectBuffer;

/** Lies that take more than one message, each aimed at one rule. */
final class Schemes {
    /** Proposals of one view that are told in two ways before there are no more. */
    private static final int PROPOSALS_A_VIEW = 2;

    /** The favourite, by its place behind the liar; and the peer that gets no proposals, so that the rest cannot do without votes. */
    private static final int FAVOURED = 1;

    private static final int LEFT_OUT = 3;

    private final Bend bend;
    private final Outbox port;
    private final Scene scene;
    private final Plot plot;
    private final FalseVotes votes;
    private final FalseViews views;
    private final Usurper usurper;
    private long proposedView = -1;
    private long firstProposed;

    Schemes(
            final Bend bend,
            final Outbox port,
            final Scene scene,
            final Plot plot,
            final FalseVotes votes,
            final FalseViews views) {
        this.bend = bend;
        this.port = port;
        this.scene = scene;
        this.plot = plot;
        this.votes = votes;
        this.views = views;
        usurper = new Usurper(bend, port, scene);
    }

    /** What its core hears, it hears, too. */
    void onHeard(final int templateId, final DirectBuffer message, final int offset, final int lengthBytes) {
        if (templateId == ViewChangeDecoder.TEMPLATE_ID) {
            usurper.onViewChange(message, offset, lengthBytes);
        }
    }

    /** Against A1: the other story is vouched for by whoever was told it, and contradicted by those that committed. */
    boolean twoFaced(final int to) {
        if (bend.templateId() == PrePrepareDecoder.TEMPLATE_ID) {
            final long view = bend.getLong(PrePrepareDecoder.viewEncodingOffset());
            final long sequence = bend.getLong(PrePrepareDecoder.sequenceEncodingOffset());
            if (view != proposedView) {
                proposedView = view;
                firstProposed = sequence;
            }
            if (sequence >= firstProposed + PROPOSALS_A_VIEW) {
                return keepFrom(to);
            }
        }
        if (bend.templateId() == ViewChangeDecoder.TEMPLATE_ID) {
            if (views.claimOtherStory(plot)) {
                scene.lied(to);
            }
            return send(to);
        }
        return votes.equivocate(to);
    }

    /** Against A2: a claim of a higher view than anybody else's, which nobody else has voted for. */
    boolean inventor(final int to) {
        if (bend.templateId() == NewViewDecoder.TEMPLATE_ID && scene.isPrimary()) {
            return keepFrom(to);
        }
        if (bend.templateId() == ViewChangeDecoder.TEMPLATE_ID) {
            views.claimNulls();
            scene.lied(to);
        }
        return send(to);
    }

    boolean overclaim(final int to) {
        if (bend.templateId() == ViewChangeDecoder.TEMPLATE_ID) {
            views.claimBeyondEveryWindow();
            scene.lied(to);
        }
        return send(to);
    }

    /** One peer prepares and commits on this one's votes, and the others cannot; in every other view it does not help to leave. */
    boolean favourite(final int to) {
        switch (bend.templateId()) {
            case PrePrepareDecoder.TEMPLATE_ID -> {
                if (rank(to) == LEFT_OUT) {
                    return keepFrom(to);
                }
            }
            case PrepareDecoder.TEMPLATE_ID,
                    CommitDecoder.TEMPLATE_ID,
                    CommittedDecoder.TEMPLATE_ID,
                    CheckpointDecoder.TEMPLATE_ID -> {
                if (rank(to) != FAVOURED) {
                    return keepFrom(to);
                }
            }
            case ViewChangeDecoder.TEMPLATE_ID -> {
                final boolean isHelping = bend.getLong(ViewChangeDecoder.viewEncodingOffset()) % 2 == 0;
                if (!isHelping || rank(to) == FAVOURED) {
                    return keepFrom(to);
                }
                return views.forgetful(to);
            }
            default -> {
                // Clients and whoever asks get what its core says.
            }
        }
        return send(to);
    }

    /** Against the size of a new view's set. */
    boolean usurper(final int to) {
        switch (bend.templateId()) {
            case NewViewDecoder.TEMPLATE_ID -> {
                return scene.isPrimary() ? usurper.newView(to) : send(to);
            }
            case ViewChangeDecoder.TEMPLATE_ID -> {
                if (bend.bytes.getShort(Bend.HEADER + ViewChangeDecoder.replicaIdEncodingOffset()) != bend.senderId()) {
                    // Another's, passed on: it could not sign it anew.
                    return send(to);
                }
                views.forget();
                usurper.onOwnViewChange();
                scene.lied(to);
                return send(to);
            }
            case PrePrepareDecoder.TEMPLATE_ID -> {
                if (bend.getLong(PrePrepareDecoder.viewEncodingOffset()) > 0) {
                    return keepFrom(to);
                }
                return favourite(to);
            }
            default -> {
                return favourite(to);
            }
        }
    }

    /** Only the favourite learns from it what follows the epoch; that it still answers there is the world's doing. */
    boolean straddler(final int to) {
        return bend.templateId() == HandoverDecoder.TEMPLATE_ID && rank(to) != FAVOURED ? keepFrom(to) : send(to);
    }

    /** Place of a peer behind this one. */
    private int rank(final int peerId) {
        final int distance = peerId - bend.senderId();
        return distance > 0 ? distance : distance + scene.peerCount();
    }

    private boolean keepFrom(final int to) {
        scene.lied(to);
        return true;
    }

    private boolean send(final int to) {
        return port.send(to, bend.bytes, 0, bend.lengthBytes());
    }
}
