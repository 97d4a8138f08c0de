// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: link settings, flow control, identification LED.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/bitfield.h>
#include <linux/bitops.h>
#include <linux/ethtool.h>
#include <linux/linkmode.h>
#include <linux/mii.h>
#include <linux/rtnetlink.h>

#include <nvnic/counters.h>

#include "nvnic.h"
#include "nvnic_csr.h"

#define NVNIC_LINK_SPEED(_mode, _speed)	_speed,

/* Speed of each row, in Mbit/s */
static const u32 nvnic_link_speeds[] = {
	NVNIC_LINK_MODES(NVNIC_LINK_SPEED)
};

/* Link mode of the stack for each mode of the device */
static const u8 nvnic_link_bits[] = {
	[NVNIC_LINK_10G_CR] = ETHTOOL_LINK_MODE_10000baseCR_Full_BIT,
	[NVNIC_LINK_25G_CR] = ETHTOOL_LINK_MODE_25000baseCR_Full_BIT,
	[NVNIC_LINK_40G_CR4] = ETHTOOL_LINK_MODE_40000baseCR4_Full_BIT,
	[NVNIC_LINK_50G_CR2] = ETHTOOL_LINK_MODE_50000baseCR2_Full_BIT,
	[NVNIC_LINK_100G_CR4] = ETHTOOL_LINK_MODE_100000baseCR4_Full_BIT,
};

static_assert(ARRAY_SIZE(nvnic_link_bits) == NVNIC_LINK_MODE_COUNT);

/* Extended link states of ethtool, with autonegotiation and without */
static const struct {
	enum ethtool_link_ext_state state;
	u32 substate[2];	/* [speed forced], 0: none */
} nvnic_link_reasons[] = {
	[NVNIC_LINK_NO_CABLE] = { ETHTOOL_LINK_EXT_STATE_NO_CABLE },
	[NVNIC_LINK_NO_PARTNER] = {
		ETHTOOL_LINK_EXT_STATE_AUTONEG,
		{ ETHTOOL_LINK_EXT_SUBSTATE_AN_NO_PARTNER_DETECTED,
		  ETHTOOL_LINK_EXT_SUBSTATE_AN_NO_PARTNER_DETECTED_FORCE_MODE },
	},
	[NVNIC_LINK_NO_COMMON] = {
		ETHTOOL_LINK_EXT_STATE_AUTONEG,
		{ ETHTOOL_LINK_EXT_SUBSTATE_AN_NO_HCD,
		  ETHTOOL_LINK_EXT_SUBSTATE_AN_NO_PARTNER_DETECTED_FORCE_MODE },
	},
};

static int nvnic_link_write(struct nvnic_net *nn, u64 ctrl)
{
	nvnic_wr(nn->bdev, NVNIC_REG_LINK_CTRL, ctrl);
	if (nvnic_rd(nn->bdev, NVNIC_REG_LINK_CTRL) != ctrl)
		return -EIO;
	nn->link_ctrl = ctrl;

	return 0;
}

/**
 * nvnic_link_init() - offer every mode and flow control
 * @nn: port
 *
 * Flow control is as configured, not negotiated, until the user changes that.
 *
 * Context: process, before the port is registered; sleeps.
 */
void nvnic_link_init(struct nvnic_net *nn)
{
	nvnic_link_write(nn, FIELD_PREP(NVNIC_LINK_ADV, NVNIC_LINK_MODES_ALL) |
			     NVNIC_LINK_AUTONEG | NVNIC_LINK_ADV_PAUSE);
	nvnic_ctrl(nn, NVNIC_CTRL_PAUSE, true);
}

/**
 * nvnic_carrier_update() - report the state of the link to the stack
 * @nn: port
 *
 * A link whose mode has changed was lost meanwhile, even if the driver did not see
 * it. Report the loss, so that listeners read the new speed.
 *
 * Context: any.
 */
void nvnic_carrier_update(struct nvnic_net *nn)
{
	unsigned long flags;
	u64 mode;

	spin_lock_irqsave(&nn->carrier_lock, flags);
	mode = FIELD_GET(NVNIC_LINK_MODE,
			 nvnic_rd(nn->bdev, NVNIC_REG_LINK_STATUS));
	if (mode != nn->link_mode)
		netif_carrier_off(nn->netdev);
	if (mode)
		netif_carrier_on(nn->netdev);
	else
		netif_carrier_off(nn->netdev);
	nn->link_mode = mode;
	spin_unlock_irqrestore(&nn->carrier_lock, flags);
}

/* ---- ethtool DEV, ethtool -s ---- */

/* Convert fields of LINK_CTRL or LINK_PARTNER to link modes. */
static void nvnic_link_to_ethtool(u64 link, unsigned long *modes)
{
	u64 adv = FIELD_GET(NVNIC_LINK_ADV, link);
	u32 i;

	linkmode_zero(modes);
	for (i = 0; i < NVNIC_LINK_MODE_COUNT; i++)
		if (adv & BIT(i))
			linkmode_set_bit(nvnic_link_bits[i], modes);
	linkmode_mod_bit(ETHTOOL_LINK_MODE_Autoneg_BIT, modes,
			 link & NVNIC_LINK_AUTONEG);
	linkmode_mod_bit(ETHTOOL_LINK_MODE_Pause_BIT, modes,
			 link & NVNIC_LINK_ADV_PAUSE);
	linkmode_mod_bit(ETHTOOL_LINK_MODE_Asym_Pause_BIT, modes,
			 link & NVNIC_LINK_ADV_ASYM);
}

/* Convert link modes to fields; false if the device lacks a mode. */
static bool nvnic_link_from_ethtool(const unsigned long *modes, u64 *link)
{
	__ETHTOOL_DECLARE_LINK_MODE_MASK(known);
	u64 adv = 0;
	u32 i;

	nvnic_link_to_ethtool(NVNIC_LINK_OFFER, known);
	if (!linkmode_subset(modes, known))
		return false;

	for (i = 0; i < NVNIC_LINK_MODE_COUNT; i++)
		if (linkmode_test_bit(nvnic_link_bits[i], modes))
			adv |= BIT(i);
	*link &= ~(NVNIC_LINK_ADV | NVNIC_LINK_ADV_PAUSE | NVNIC_LINK_ADV_ASYM);
	*link |= FIELD_PREP(NVNIC_LINK_ADV, adv);
	if (linkmode_test_bit(ETHTOOL_LINK_MODE_Pause_BIT, modes))
		*link |= NVNIC_LINK_ADV_PAUSE;
	if (linkmode_test_bit(ETHTOOL_LINK_MODE_Asym_Pause_BIT, modes))
		*link |= NVNIC_LINK_ADV_ASYM;

	return true;
}

/**
 * nvnic_get_link_ksettings() - ethtool: link settings and capabilities
 * @dev: port
 * @ks: receives the settings; speed and duplex are unknown without a link, unless the
 *	speed is forced
 *
 * Context: process, instance lock.
 *
 * Return: 0.
 */
int nvnic_get_link_ksettings(struct net_device *dev,
			     struct ethtool_link_ksettings *ks)
{
	const struct nvnic_net *nn = netdev_priv(dev);
	u64 mode = FIELD_GET(NVNIC_LINK_MODE,
			     nvnic_rd(nn->bdev, NVNIC_REG_LINK_STATUS));

	nvnic_link_to_ethtool(NVNIC_LINK_OFFER, ks->link_modes.supported);
	nvnic_link_to_ethtool(nn->link_ctrl, ks->link_modes.advertising);
	nvnic_link_to_ethtool(nvnic_rd(nn->bdev, NVNIC_REG_LINK_PARTNER),
			      ks->link_modes.lp_advertising);
	ks->base.port = PORT_DA;
	ks->base.autoneg = AUTONEG_ENABLE;
	ks->base.speed = SPEED_UNKNOWN;
	ks->base.duplex = DUPLEX_UNKNOWN;
	if (!(nn->link_ctrl & NVNIC_LINK_AUTONEG)) {
		ks->base.autoneg = AUTONEG_DISABLE;
		mode = FIELD_GET(NVNIC_LINK_FORCED, nn->link_ctrl);
	}
	if (mode)
		ethtool_params_from_link_mode(ks, nvnic_link_bits[__ffs(mode)]);

	return 0;
}

/* Bit of the mode with a speed, or 0 */
static u64 nvnic_link_mode_of(u32 speed)
{
	u32 i;

	for (i = 0; i < NVNIC_LINK_MODE_COUNT; i++)
		if (nvnic_link_speeds[i] == speed)
			return BIT(i);

	return 0;
}

/* These operations have no extack, so log the reason. */
static int nvnic_link_refuse(struct net_device *dev, const char *why)
{
	netdev_info(dev, "link settings refused: %s\n", why);
	return -EINVAL;
}

/**
 * nvnic_set_link_ksettings() - ethtool: set the link
 * @dev: port
 * @ks: modes to advertise, or a speed to force
 *
 * Context: process, instance lock, sleeps.
 *
 * Return: 0; -EINVAL for an unsupported setting; -EIO if the device refuses.
 */
int nvnic_set_link_ksettings(struct net_device *dev,
			     const struct ethtool_link_ksettings *ks)
{
	struct nvnic_net *nn = netdev_priv(dev);
	u64 link = nn->link_ctrl, mode;

	nvnic_assert_dev_lock(dev);

	if (ks->base.port != PORT_DA)
		return nvnic_link_refuse(dev, "port type cannot be changed");
	if (ks->base.duplex == DUPLEX_HALF)
		return nvnic_link_refuse(dev, "half duplex is not supported");
	if (!nvnic_link_from_ethtool(ks->link_modes.advertising, &link))
		return nvnic_link_refuse(dev, "an advertised mode is not supported");

	link &= ~(NVNIC_LINK_AUTONEG | NVNIC_LINK_FORCED);
	if (ks->base.autoneg == AUTONEG_ENABLE) {
		if (!(link & NVNIC_LINK_ADV))
			return nvnic_link_refuse(dev, "at least one mode must be advertised");
		return nvnic_link_write(nn, link | NVNIC_LINK_AUTONEG);
	}

	mode = nvnic_link_mode_of(ks->base.speed);
	if (!mode)
		return nvnic_link_refuse(dev,
					 "speed must be one of 10000, 25000, 40000, 50000, 100000");

	return nvnic_link_write(nn, link | FIELD_PREP(NVNIC_LINK_FORCED, mode));
}

/**
 * nvnic_get_link_ext_state() - ethtool: reason of a missing link
 * @dev: port, up
 * @info: receives the reason
 *
 * Context: process, instance lock.
 *
 * Return: 0, or -ENODATA if there is no reason to report.
 */
int nvnic_get_link_ext_state(struct net_device *dev,
			     struct ethtool_link_ext_state_info *info)
{
	const struct nvnic_net *nn = netdev_priv(dev);
	u32 why = FIELD_GET(NVNIC_LINK_REASON,
			    nvnic_rd(nn->bdev, NVNIC_REG_LINK_STATUS));
	bool forced = !(nn->link_ctrl & NVNIC_LINK_AUTONEG);

	if (why >= ARRAY_SIZE(nvnic_link_reasons) || why < NVNIC_LINK_NO_CABLE)
		return -ENODATA;

	info->link_ext_state = nvnic_link_reasons[why].state;
	info->__link_ext_substate = nvnic_link_reasons[why].substate[forced];

	return 0;
}

/**
 * nvnic_get_link_ext_stats() - ethtool -I DEV: count of link losses
 * @dev: port
 * @stats: receives the count
 *
 * Context: process, instance lock.
 */
void nvnic_get_link_ext_stats(struct net_device *dev,
			      struct ethtool_link_ext_stats *stats)
{
	const struct nvnic_net *nn = netdev_priv(dev);

	stats->link_down_events =
		nvnic_rd(nn->bdev, NVNIC_REG_PORT_CNT(NVNIC_PC_LINK_DOWN));
}

/* ---- ethtool --show-fec ---- */

/**
 * nvnic_get_fecparam() - ethtool: forward error correction
 * @dev: port
 * @fec: receives "off": the wire makes no errors that FEC could correct
 *
 * Context: process, instance lock.
 *
 * Return: 0.
 */
int nvnic_get_fecparam(struct net_device *dev, struct ethtool_fecparam *fec)
{
	fec->fec = ETHTOOL_FEC_OFF;
	fec->active_fec = ETHTOOL_FEC_OFF;

	return 0;
}

/**
 * nvnic_get_fec_stats() - ethtool -I --show-fec: corrected blocks
 * @dev: port
 * @stats: receives zeros
 *
 * Context: process, instance lock.
 */
void nvnic_get_fec_stats(struct net_device *dev,
			 struct ethtool_fec_stats *stats)
{
	stats->corrected_blocks.total = 0;
	stats->uncorrectable_blocks.total = 0;
}

/* ---- ethtool -a, -A ---- */

/**
 * nvnic_get_pauseparam() - ethtool: flow control settings
 * @dev: port
 * @pause: receives the settings
 *
 * Context: process, instance lock.
 */
void nvnic_get_pauseparam(struct net_device *dev,
			  struct ethtool_pauseparam *pause)
{
	const struct nvnic_net *nn = netdev_priv(dev);

	pause->autoneg = !!(nn->link_ctrl & NVNIC_LINK_PAUSE_AUTO);
	pause->tx_pause = !!(nn->ctrl & NVNIC_CTRL_PAUSE_TX);
	pause->rx_pause = !!(nn->ctrl & NVNIC_CTRL_PAUSE_RX);
}

/**
 * nvnic_set_pauseparam() - ethtool: set flow control
 * @dev: port
 * @pause: each direction; with @pause->autoneg the directions are advertised and the
 *	negotiation decides
 *
 * Context: process, instance lock, sleeps.
 *
 * Return: 0; -EINVAL for @pause->autoneg without autonegotiation of the link; -EIO if
 * the device refuses.
 */
int nvnic_set_pauseparam(struct net_device *dev,
			 struct ethtool_pauseparam *pause)
{
	u8 flow = (pause->tx_pause ? FLOW_CTRL_TX : 0) |
		  (pause->rx_pause ? FLOW_CTRL_RX : 0);
	u16 adv = mii_advertise_flowctrl(flow);
	struct nvnic_net *nn = netdev_priv(dev);
	u64 link = nn->link_ctrl;

	nvnic_assert_dev_lock(dev);

	/* ethtool also passes autoneg when it only changes another setting. */
	if (pause->autoneg &&
	    !(link & (NVNIC_LINK_AUTONEG | NVNIC_LINK_PAUSE_AUTO)))
		return nvnic_link_refuse(dev, "flow control cannot be negotiated with autoneg off");

	link &= ~(NVNIC_LINK_PAUSE_AUTO | NVNIC_LINK_ADV_PAUSE |
		  NVNIC_LINK_ADV_ASYM);
	if (pause->autoneg)
		link |= NVNIC_LINK_PAUSE_AUTO;
	if (adv & ADVERTISE_PAUSE_CAP)
		link |= NVNIC_LINK_ADV_PAUSE;
	if (adv & ADVERTISE_PAUSE_ASYM)
		link |= NVNIC_LINK_ADV_ASYM;

	nvnic_ctrl(nn, NVNIC_CTRL_PAUSE_TX, pause->tx_pause);
	nvnic_ctrl(nn, NVNIC_CTRL_PAUSE_RX, pause->rx_pause);

	return nvnic_link_write(nn, link);
}

/* ---- ethtool -p ---- */

/**
 * nvnic_set_phys_id() - ethtool: blink the port's LED
 * @dev: port
 * @state: begin, on, off, end
 *
 * Context: process, instance lock.
 *
 * Return: blinks per second for the begin, 0 otherwise.
 */
int nvnic_set_phys_id(struct net_device *dev, enum ethtool_phys_id_state state)
{
	const struct nvnic_net *nn = netdev_priv(dev);

	if (state == ETHTOOL_ID_ACTIVE)
		return 2;

	nvnic_wr(nn->bdev, NVNIC_REG_LED,
		 state == ETHTOOL_ID_ON ? NVNIC_LED_ON : 0);

	return 0;
}
