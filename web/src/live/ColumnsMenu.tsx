import Menu from "@mui/material/Menu";
import MenuItem from "@mui/material/MenuItem";
import { useTranslation } from "react-i18next";
import { Icon } from "../ui/Icon";
import { COLUMNS, type ColumnKey, turned } from "./columns";

interface Props {
  anchor: HTMLElement;
  columns: ColumnKey[];
  onColumns: (columns: ColumnKey[]) => void;
  onClose: () => void;
}

/** The columns of the table, each on or off; the menu stays open for the next one. */
export function ColumnsMenu({ anchor, columns, onColumns, onClose }: Props) {
  const { t } = useTranslation("live");
  return (
    <Menu open anchorEl={anchor} onClose={onClose} slotProps={{ list: { "aria-label": t("columns.title") } }}>
      {COLUMNS.map(({ key }) => {
        const on = columns.includes(key);
        return (
          <MenuItem
            key={key}
            role="menuitemcheckbox"
            aria-checked={on}
            disabled={key === "name"}
            onClick={() => onColumns(turned(columns, key))}
          >
            <span style={{ flex: 1 }}>{t(`table.${key}`)}</span>
            {on && <Icon name="check" size={14} />}
          </MenuItem>
        );
      })}
    </Menu>
  );
}
