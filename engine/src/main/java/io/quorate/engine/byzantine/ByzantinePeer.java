package io.quorate.engine.byzantine;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.RequestDecoder;
import io.quorate.transport.codecs.TaggedRequestDecoder;
import java.util.random.RandomGenerator;
import org.agrona.DirectBuffer;

/**
 * A liar: a correct core whose messages are bent on their way out, and signed anew with its own key where a signature covers
 * them; one strategy also looks away from what comes in. It can say anything as itself and nothing as anybody else. The
 * simulator puts it between a peer's publisher and its links.
 */
public final class ByzantinePeer implements Outbox {
    private static final int ROOM_TO_GROW = 256;

    private final Strategy strategy;
    private final Outbox port;
    private final Scene scene;
    private final Plot plot;
    private final Bend bend;
    private final FalseVotes votes;
    private final FalseViews views;
    private final FalseAnswers answers;
    private final FalseTimes times;
    private final FalseTags tags;
    private final Schemes schemes;
    private final Hoarder hoarder;
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();

    /**
     * @param port the peer's links
     * @param signer with the peer's own key
     * @param messageLengthMax longest message of its core, in bytes
     */
    public ByzantinePeer(
            final int peerId,
            final Strategy strategy,
            final Outbox port,
            final Signer signer,
            final RandomGenerator random,
            final Scene scene,
            final Plot plot,
            final int messageLengthMax) {
        this.strategy = strategy;
        this.port = port;
        this.scene = scene;
        this.plot = plot;
        bend = new Bend(peerId, signer, random, messageLengthMax + ROOM_TO_GROW);
        votes = new FalseVotes(bend, port, scene, plot);
        views = new FalseViews(bend, port, scene);
        answers = new FalseAnswers(bend, port, scene);
        times = new FalseTimes(bend, port, scene);
        tags = new FalseTags(bend, port, scene, plot);
        schemes = new Schemes(bend, port, scene, plot, votes, views);
        hoarder = new Hoarder(bend, port, scene);
    }

    @Override
    public boolean send(final int to, final DirectBuffer message, final int offset, final int lengthBytes) {
        if (!scene.isLying()) {
            return port.send(to, message, offset, lengthBytes);
        }
        bend.copy(message, offset, lengthBytes);
        return switch (strategy) {
            case SILENT -> keepFrom(to);
            case SILENT_TO_SOME -> plot.concerns(to) ? keepFrom(to) : port.send(to, message, offset, lengthBytes);
            case EQUIVOCATE -> votes.equivocate(to);
            case WRONG_DIGEST -> votes.wrongDigest(to);
            case LYING_CHECKPOINT -> votes.lyingCheckpoint(to);
            case FORGE -> votes.forge(to);
            case FORGETFUL -> views.forgetful(to);
            case INCONSISTENT -> views.inconsistent(to);
            case FALSE_NEW_VIEW -> views.falseNewView(to);
            case WRONG_RESULT -> answers.wrongResult(to);
            case BAD_PAGES -> answers.badPages(to);
            case EXAGGERATE -> answers.exaggerate(to);
            case GARBLED -> answers.garbled(to);
            case SLOW -> times.slow(to);
            case LATE -> times.late(to);
            case REPLAY -> times.replay(to);
            case CENSOR -> port.send(to, message, offset, lengthBytes);
            case TWIN -> votes.twin(to);
            case TWO_FACED -> schemes.twoFaced(to);
            case INVENTOR -> schemes.inventor(to);
            case OVERCLAIM -> schemes.overclaim(to);
            case FAVOURITE -> schemes.favourite(to);
            case USURPER -> schemes.usurper(to);
            case HOARDER -> hoarder.send(to);
            case STRADDLER -> schemes.straddler(to);
            case BAD_TAGS -> tags.badTags(to);
        };
    }

    @Override
    public void flush() {
        port.flush();
    }

    /** False if the liar does as if this message had never come. */
    public boolean isHeard(final int senderId, final DirectBuffer message, final int offset, final int lengthBytes) {
        if (strategy == Strategy.USURPER) {
            header.wrap(message, offset);
            schemes.onHeard(header.templateId(), message, offset, lengthBytes);
        } else if (strategy == Strategy.HOARDER) {
            header.wrap(message, offset);
            hoarder.onHeard(senderId, header.templateId(), message, offset, lengthBytes);
        }
        if (strategy != Strategy.CENSOR || !scene.isLying()) {
            return true;
        }
        header.wrap(message, offset);
        final int clientAt = header.templateId() == RequestDecoder.TEMPLATE_ID
                ? RequestDecoder.clientIdEncodingOffset()
                : TaggedRequestDecoder.clientIdEncodingOffset();
        final boolean isRequest = header.templateId() == RequestDecoder.TEMPLATE_ID
                || header.templateId() == TaggedRequestDecoder.TEMPLATE_ID;
        final boolean isCensored =
                isRequest && plot.isVictim(message.getShort(offset + Bend.HEADER + clientAt, LITTLE_ENDIAN));
        if (isCensored) {
            scene.lied(senderId);
        }
        return !isCensored;
    }

    private boolean keepFrom(final int to) {
        scene.lied(to);
        return true;
    }
}
