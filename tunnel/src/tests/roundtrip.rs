//! A frame survives the wire, and nothing on the wire does harm.

use bytes::Bytes;
use proptest::prelude::*;

use crate::{Code, Frame, Mux, Side};

fn any_frame() -> impl Strategy<Value = Frame> {
    let payload = || prop::collection::vec(any::<u8>(), 0..100).prop_map(Bytes::from);
    prop_oneof![
        (any::<u32>(), payload(), any::<bool>()).prop_map(|(id, payload, fin)| Frame::Open {
            id,
            payload,
            fin
        }),
        (any::<u32>(), payload(), any::<bool>()).prop_map(|(id, payload, fin)| Frame::Data {
            id,
            payload,
            fin
        }),
        (any::<u32>(), any::<u32>()).prop_map(|(id, credit)| Frame::Window { id, credit }),
        (any::<u32>(), 6u16..).prop_map(|(id, code)| Frame::Reset { id, code: Code::Other(code) }),
        any::<u32>().prop_map(|id| Frame::Reset { id, code: Code::Unreachable }),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_what_is_read(frame in any_frame()) {
        prop_assert_eq!(Frame::decode(frame.encode()), Ok(frame));
    }

    #[test]
    fn messages_from_anywhere_never_panic(messages: Vec<Vec<u8>>) {
        let mut mux = Mux::new(Side::Edge);
        for message in messages {
            let _ = mux.input(Bytes::from(message));
        }
    }

    #[test]
    fn frames_in_any_order_never_panic_and_never_open_more_than_allowed(
        frames in prop::collection::vec((0u32..12, 0u8..4, any::<u32>(), any::<bool>()), 0..60),
    ) {
        let mut mux = Mux::new(Side::Edge);
        for _ in 0..3 {
            mux.open(Bytes::new(), false).unwrap();
        }
        for (id, kind, number, fin) in frames {
            let payload = Bytes::from(vec![0; (number % 70_000) as usize]);
            let frame = match kind {
                0 => Frame::Open { id, payload, fin },
                1 => Frame::Data { id, payload, fin },
                2 => Frame::Window { id, credit: number },
                _ => Frame::Reset { id, code: Code::Cancelled },
            };
            if mux.input(frame.encode()).is_err() {
                break;
            }
            prop_assert!(mux.stream_count() <= 3 + 5);
        }
    }
}
