package io.quorate.engine.byzantine;

import io.quorate.transport.Outbox;
import io.quorate.transport.codecs.PrePrepareDecoder;
import org.agrona.concurrent.UnsafeBuffer;

/** True words at the wrong time: too late, as late as is borne, or once more. */
final class FalseTimes {
    private static final int LATE_MAX_NS = 30_000_000;
    private static final int REMEMBERED_MAX = 128;

    private final Bend bend;
    private final Outbox port;
    private final Scene scene;
    private final byte[][] remembered = new byte[REMEMBERED_MAX][];
    private final UnsafeBuffer old = new UnsafeBuffer(0, 0);
    private long rememberedCount;

    FalseTimes(final Bend bend, final Outbox port, final Scene scene) {
        this.bend = bend;
        this.port = port;
        this.scene = scene;
    }

    /** Nine tenths of the time after which the others would leave it; a proposal lost on its way then comes too late. */
    boolean slow(final int to) {
        if (bend.templateId() != PrePrepareDecoder.TEMPLATE_ID) {
            return port.send(to, bend.bytes, 0, bend.lengthBytes());
        }
        return sendLater(to, scene.timeoutNs() / 10 * 9);
    }

    boolean late(final int to) {
        return sendLater(to, bend.draw(LATE_MAX_NS));
    }

    private boolean sendLater(final int to, final long delayNs) {
        final UnsafeBuffer copy = new UnsafeBuffer(new byte[bend.lengthBytes()]);
        copy.putBytes(0, bend.bytes, 0, bend.lengthBytes());
        scene.lied(to);
        scene.later(delayNs, () -> {
            port.send(to, copy, 0, copy.capacity());
            port.flush();
        });
        return true;
    }

    boolean replay(final int to) {
        final byte[] copy = new byte[bend.lengthBytes()];
        bend.bytes.getBytes(0, copy);
        remembered[(int) (rememberedCount++ % REMEMBERED_MAX)] = copy;
        final boolean isOld = bend.isOneIn(2);
        if (isOld) {
            old.wrap(remembered[bend.draw((int) Math.min(rememberedCount, REMEMBERED_MAX))]);
            port.send(to, old, 0, old.capacity());
            scene.lied(to);
        }
        return (isOld && bend.isOneIn(2)) || port.send(to, bend.bytes, 0, bend.lengthBytes());
    }
}
