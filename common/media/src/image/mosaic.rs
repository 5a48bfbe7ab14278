//! One picture out of several.

use super::Image;

impl Image {
    /// A square of `side` pixels. One tile fills it; two to four share it in two rows, with two and three repeated so
    /// that no row or column shows the same picture twice where that can be avoided. No tile gives a grey square.
    pub fn mosaic(tiles: &[Image], side: u32) -> Image {
        let side = side.max(1);
        let places: [usize; 4] = match tiles {
            [] => return plain(side, GREY),
            [tile] => return tile.tile(side),
            [_, _] => [0, 1, 1, 0],
            [_, _, _] => [0, 1, 2, 0],
            _ => [0, 1, 2, 3],
        };
        let mut mosaic = plain(side, WHITE);
        // An odd side gives its middle row and column to the second half.
        let first = side / 2;
        let second = side - first;
        for (place, tile) in places.iter().enumerate() {
            let (column, row) = (place % 2, place / 2);
            let (left, width) = if column == 0 { (0, first) } else { (first, second) };
            let (top, height) = if row == 0 { (0, first) } else { (first, second) };
            if let Some(tile) = tiles.get(*tile) {
                mosaic.paste(&tile.tile(second), left, top, width, height);
            }
        }
        mosaic
    }

    /// Puts the upper left part of `tile` into this picture, which has no alpha channel.
    fn paste(&mut self, tile: &Image, left: u32, top: u32, width: u32, height: u32) {
        let opaque = tile.over_white();
        let (own_row, tile_row) = (self.width as usize * 3, tile.width as usize * 3);
        for row in 0..height as usize {
            let from = row * tile_row..row * tile_row + width as usize * 3;
            let to = (top as usize + row) * own_row + left as usize * 3;
            if let (Some(from), Some(to)) =
                (opaque.get(from.clone()), self.pixels.get_mut(to..to + from.len()))
            {
                to.copy_from_slice(from);
            }
        }
    }
}

const GREY: u8 = 0xE0;
const WHITE: u8 = 0xFF;

fn plain(side: u32, value: u8) -> Image {
    let pixels = vec![value; side as usize * side as usize * 3];
    Image { width: side, height: side, has_alpha: false, pixels }
}
