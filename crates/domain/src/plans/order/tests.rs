//! Places are dense whatever is moved where.

use super::{Order, move_to};
use proptest::prelude::*;

#[test]
fn places_count_from_one() {
    assert_eq!(Order::new(0), None);
    assert_eq!((Order::FIRST.get(), Order::FIRST.index()), (1, 0));
    assert_eq!(Order::of_index(4).get(), 5);
    assert_eq!(Order::of_index(usize::MAX).get(), u32::MAX);
}

#[test]
fn a_move_shifts_what_lies_between() {
    let mut list = vec!['a', 'b', 'c', 'd'];
    assert!(move_to(&mut list, 'a', Order::new(3).unwrap()));
    assert_eq!(list, ['b', 'c', 'a', 'd']);
    assert!(move_to(&mut list, 'd', Order::FIRST));
    assert_eq!(list, ['d', 'b', 'c', 'a']);
    assert!(!move_to(&mut list, 'x', Order::FIRST));
}

proptest! {
    #[test]
    fn a_move_only_moves_its_element(size in 1_u32..20, id in 0_u32..25, to in 1_u32..30) {
        let before: Vec<u32> = (0..size).collect();
        let mut after = before.clone();
        prop_assert_eq!(move_to(&mut after, id, Order::new(to).unwrap()), id < size);
        let others = |list: &[u32]| list.iter().copied().filter(|other| *other != id).collect::<Vec<_>>();
        prop_assert_eq!(others(&after), others(&before));
        if id < size {
            prop_assert_eq!(after.iter().position(|other| *other == id), Some(Order::new(to.min(size)).unwrap().index()));
        }
    }
}
