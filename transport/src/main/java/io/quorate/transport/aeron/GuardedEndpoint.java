package io.quorate.transport.aeron;

import io.aeron.driver.DataPacketDispatcher;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.media.ReceiveChannelEndpoint;
import io.aeron.driver.media.UdpChannel;
import io.aeron.protocol.DataHeaderFlyweight;
import io.aeron.protocol.SetupFlyweight;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Set;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.AtomicCounter;

/**
 * The driver's receiving end with a doorkeeper: anybody on the LAN can ask an open port to begin a stream, and each stream costs the
 * receiver three terms of the asker's choice. Streams are admitted only from the addresses of the roster, only with our stream id,
 * term length and MTU in bounds, and only a bounded number at a time. Runs on the driver's thread.
 */
final class GuardedEndpoint extends ReceiveChannelEndpoint {
    private final Admission admission;

    GuardedEndpoint(
            final UdpChannel channel,
            final DataPacketDispatcher dispatcher,
            final AtomicCounter status,
            final MediaDriver.Context context,
            final Admission admission) {
        super(channel, dispatcher, status, context);
        this.admission = admission;
    }

    @Override
    public int onDataPacket(
            final DataHeaderFlyweight header,
            final UnsafeBuffer buffer,
            final int length,
            final InetSocketAddress source,
            final int transportIndex) {
        return admission.isKnown(source) ? super.onDataPacket(header, buffer, length, source, transportIndex) : 0;
    }

    @Override
    public void onSetupMessage(
            final SetupFlyweight header,
            final UnsafeBuffer buffer,
            final int length,
            final InetSocketAddress source,
            final int transportIndex) {
        if (admission.admits(header, source)) {
            super.onSetupMessage(header, buffer, length, source, transportIndex);
        }
    }

    @Override
    public void incRefImages() {
        admission.images++;
        super.incRefImages();
    }

    @Override
    public void decRefImages() {
        admission.images--;
        super.decRefImages();
    }

    /** The rules, and what they refused. The transport writes the rules before it opens the port; the driver reads them. */
    static final class Admission {
        private final DriverSettings settings;
        private volatile Set<InetAddress> sources = Set.of();
        private volatile int imagesMax = Integer.MAX_VALUE;
        private int images;
        private volatile long refused;

        Admission(final DriverSettings settings) {
            this.settings = settings;
        }

        /** An empty set admits every address. */
        void rules(final Set<InetAddress> newSources, final int newImagesMax) {
            sources = Set.copyOf(newSources);
            imagesMax = newImagesMax;
        }

        /** Packets that were refused. */
        long refused() {
            return refused;
        }

        private boolean isKnown(final InetSocketAddress source) {
            final Set<InetAddress> known = sources;
            if (known.isEmpty() || known.contains(source.getAddress())) {
                return true;
            }
            refuse();
            return false;
        }

        private boolean admits(final SetupFlyweight setup, final InetSocketAddress source) {
            if (!isKnown(source)) {
                return false;
            }
            if (setup.streamId() != AeronTransportContext.STREAM_ID
                    || setup.termLength() > settings.termLength()
                    || setup.mtuLength() > DriverSettings.MTU_MAX
                    || images >= imagesMax) {
                refuse();
                return false;
            }
            return true;
        }

        private void refuse() {
            refused = refused + 1;
        }
    }
}
