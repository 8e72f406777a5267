package io.quorate.benchmarks.mesh;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.quorate.engine.node.MeshNode;
import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.codecs.AccusationsEncoder;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What a lying member adds to a correct one: it accuses a healthy member again and again to everybody, in its own name as often as one
 * message has room for, and in others' names, signed by itself.
 */
final class Accuser {
    private static final long PAUSE_NS = 50_000_000;
    private static final int ENTRIES = 12;
    private static final int CONTENT_LENGTH = Short.BYTES + Long.BYTES;

    private final int selfId;
    private final int victimId;
    private final MeshNode node;
    private final Signer signer;
    private final UnsafeBuffer content = new UnsafeBuffer(new byte[CONTENT_LENGTH]);
    private final UnsafeBuffer signature = new UnsafeBuffer(new byte[Signer.SIGNATURE_LENGTH]);
    private final UnsafeBuffer message = new UnsafeBuffer(new byte[2048]);
    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final AccusationsEncoder accusations = new AccusationsEncoder();
    private volatile boolean isLying;
    private long nextNs;
    private volatile long told;

    Accuser(final int selfId, final int victimId, final MeshNode node, final Signer signer) {
        this.selfId = selfId;
        this.victimId = victimId;
        this.node = node;
        this.signer = signer;
    }

    void begin() {
        isLying = true;
    }

    /** Messages with accusations sent. */
    long told() {
        return told;
    }

    /** On the member's thread, before its turn. */
    void onTurn() {
        final long nowNs = System.nanoTime();
        if (!isLying || nowNs - nextNs < 0) {
            return;
        }
        nextNs = nowNs + PAUSE_NS;
        final long incarnation = node.swim().table().incarnation(victimId);
        content.putShort(0, (short) victimId, LITTLE_ENDIAN);
        content.putLong(Short.BYTES, incarnation, LITTLE_ENDIAN);
        signer.sign(SigningDomain.ACCUSATION, content, 0, CONTENT_LENGTH, signature, 0);
        final int memberCount = node.view().memberCount();
        accusations.wrapAndApplyHeader(message, 0, header).subjectId(victimId).incarnation(incarnation);
        final AccusationsEncoder.AccusersEncoder entries = accusations.accusersCount(ENTRIES);
        for (int i = 0; i < ENTRIES; i++) {
            final int other = (selfId + i) % memberCount;
            final int named = i < ENTRIES / 2 || other == victimId ? selfId : other;
            entries.next().accuserId(named).putSignature(signature, 0, Signer.SIGNATURE_LENGTH);
        }
        final int lengthBytes = MessageHeaderEncoder.ENCODED_LENGTH + accusations.encodedLength();
        final Outbox outbox = node.transport().outbox();
        for (int toId = 0; toId < memberCount; toId++) {
            if (toId != selfId && outbox.send(toId, message, 0, lengthBytes)) {
                told = told + 1;
            }
        }
    }
}
